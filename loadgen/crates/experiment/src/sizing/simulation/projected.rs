//! The system that projections are made for: a machine for each instance, one for the database, one for the cache.

use loadgen_stats::{
    seed::sub_seed,
    simulation::{MeanInterval, QueueingNetwork, mean_interval, replicate},
};

use super::{
    calibration::FittedModel,
    layout::{Layout, Machines, fitted_mix, network},
    limits::SimulationBounds,
    slo::SimulatedSlo,
};
use crate::sizing::{arithmetic::SizingWork, assumptions::Assumption};

/// What projections are made with.
pub(super) struct ProjectedSystem<'a> {
    pub(super) fit: &'a FittedModel<'a>,
    pub(super) bounds: &'a SimulationBounds<'a>,
    pub(super) slo: SimulatedSlo,
    instance_cores: u32,
    pub(super) database_cores: u32,
    network_ms: f64,
    /// Ids that every projection follows from.
    ids: Vec<String>,
}

/// What a load does in simulated runs.
pub(super) struct SimulatedLoad {
    /// Response time in milliseconds at the percentile of the SLO.
    pub(super) response_ms: MeanInterval,
    /// The resource that is used most.
    pub(super) most_used: String,
    /// Whether all instances share it.
    pub(super) is_shared: bool,
}

impl<'a> ProjectedSystem<'a> {
    /// Puts the assumptions of the projections that are not there yet.
    pub(super) fn new(
        work: &mut SizingWork<'_>,
        fit: &'a FittedModel<'a>,
        slo: SimulatedSlo,
        bounds: &'a SimulationBounds<'a>,
    ) -> Self {
        let assumed = work.assumed;
        let mut ids = fit.ids.clone();
        let instance_cores = match assumed.instance_cores {
            Some(cores) => {
                ids.push("instance_cores".to_owned());
                work.assume("instance_cores", ("processors of an instance", ""), cores) as u32
            }
            None => fit.model.cores,
        };
        let largest = ("cores of the largest database", "");
        let mut put = |key: &str, name, one: Assumption| {
            ids.push(key.to_owned());
            if work.book.ranged(key).is_none() {
                work.assume(key, name, one);
            }
            one.value
        };
        let database = put(
            "largest_database_cores",
            largest,
            assumed.largest_database_cores,
        );
        let network = ("time of a request on the network", "ms");
        let network_ms = put("network_ms", network, assumed.network_ms);
        ids.push(slo.id.to_owned());
        Self {
            fit,
            bounds,
            slo,
            instance_cores: instance_cores.max(1),
            database_cores: (database as u32).max(1),
            network_ms,
            ids,
        }
    }

    /// The ids that every projection follows from, and more.
    pub(super) fn ids_and<'b>(&'b self, more: &[&'b str]) -> Vec<&'b str> {
        let own = self.ids.iter().map(String::as_str);
        own.chain(more.iter().copied()).collect()
    }

    /// So many instances before one database.
    pub(super) fn network(&self, instances: u32) -> QueueingNetwork {
        let layout = Layout {
            machines: Machines::Separate {
                instance_cores: self.instance_cores,
                database_cores: self.database_cores,
                network_ms: self.network_ms,
            },
            instances,
            pool: self.fit.model.pool,
        };
        network(&self.fit.model, &fitted_mix(&self.fit.model), &layout)
    }

    /// What a load does; `None` where the system does not carry it, or the time was over.
    pub(super) fn at(
        &self,
        network: &QueueingNetwork,
        rate: f64,
        name: &str,
    ) -> Option<SimulatedLoad> {
        let limits = self.bounds.limits(network.instances);
        let root = sub_seed(self.bounds.seed, name);
        let runs = replicate(network, rate, &limits, root, self.bounds.replications).ok()?;
        let response = |share| {
            let found = runs
                .iter()
                .map(|run| Some(run.percentile_s(share)? * 1_000.0));
            found.collect::<Option<Vec<f64>>>()
        };
        let (most_used, _) = runs.first()?.most_used()?;
        let resource = &network.resources[most_used];
        Some(SimulatedLoad {
            response_ms: mean_interval(&response(self.slo.share)?)?,
            most_used: resource.name.clone(),
            is_shared: !resource.per_instance,
        })
    }
}
