//! How much 1, 2, 4 … instances before one database sustain, and from where it is the limit.

use loadgen_stats::{
    seed::sub_seed,
    simulation::{MeanInterval, QueueingNetwork, mean_interval, sustained_rate},
};

use super::{
    projected::{ProjectedSystem, SimulatedLoad},
    section::InstanceProjection,
};
use crate::sizing::arithmetic::SizingWork;

/// Rows that are always made: 1 to 8 instances.
const FEWEST: u32 = 8;
/// Instances that are simulated at most.
pub(super) const MOST_INSTANCES: u32 = 256;

/// The rows, and a sentence on what is the limit.
pub(super) fn instance_rows(
    work: &mut SizingWork<'_>,
    system: &ProjectedSystem<'_>,
) -> (Vec<InstanceProjection>, Option<String>) {
    let mut rows = Vec::new();
    let mut limit = None;
    let mut instances = 1;
    while instances <= MOST_INSTANCES {
        let network = system.network(instances);
        let found = sustained(system, &network).and_then(|rate| {
            let found = system.at(&network, rate.mean, &format!("{instances} instances"))?;
            Some((rate, found))
        });
        let Some((rate, found)) = found else {
            work.unknown.push(missing(system, instances));
            break;
        };
        limit = Some(if found.is_shared {
            format!(
                "With {instances} instances what all of them share is the limit, the {}: more instances add nothing.",
                found.most_used
            )
        } else {
            format!(
                "Up to {instances} instances what each has of its own is the limit, the {}, and not the database.",
                found.most_used
            )
        });
        let shared = found.is_shared;
        rows.push(row(work, system, instances, (rate, found)));
        if shared && instances >= FEWEST {
            break;
        }
        instances *= 2;
    }
    (rows, limit)
}

/// The rate that meets the SLO, over searches with different random numbers.
fn sustained(system: &ProjectedSystem<'_>, network: &QueueingNetwork) -> Option<MeanInterval> {
    let limits = system.bounds.limits(network.instances);
    let slo = (system.slo.share, system.slo.limit_s);
    let search = |number: u32| {
        let name = format!("search {number} of {} instances", network.instances);
        sustained_rate(network, slo, &limits, sub_seed(system.bounds.seed, &name)).ok()?
    };
    let rates: Option<Vec<f64>> = (1..=system.bounds.replications).map(search).collect();
    mean_interval(&rates?)
}

/// Why there is no row.
fn missing(system: &ProjectedSystem<'_>, instances: u32) -> String {
    if (system.bounds.expired)() {
        format!(
            "simulation of {instances} instances and more: the time for it was over; --replications takes fewer runs of each"
        )
    } else {
        format!(
            "simulation of {instances} instances: they do not meet the SLO even at a light load"
        )
    }
}

fn row(
    work: &mut SizingWork<'_>,
    system: &ProjectedSystem<'_>,
    instances: u32,
    (rate, found): (MeanInterval, SimulatedLoad),
) -> InstanceProjection {
    let id = |what: &str| format!("sim_{instances}_{what}");
    let (rate_id, p95_id, use_id) = (id("rate"), id("response"), id("database_use"));
    let name = if instances == 1 {
        "1 instance".to_owned()
    } else {
        format!("{instances} instances")
    };
    let rate = work.book.simulated(
        &rate_id,
        (
            &format!("answers a second that {name} sustain within the SLO"),
            "/s",
        ),
        rate.into(),
        &format!("{name}, each on a machine of its own, before one database"),
        &system.ids_and(&[]),
    );
    work.book.simulated(
        &p95_id,
        (
            &format!("response time of {name} at that rate, at the percentile of the SLO"),
            "ms",
        ),
        found.response_ms.into(),
        &format!("{name} at the rate that they sustain"),
        &system.ids_and(&[&rate_id]),
    );
    let share = system.fit.model.time.database / 1_000.0 / f64::from(system.database_cores);
    work.book.derived(
        &use_id,
        (
            &format!("use of the database's processors by {name} at that rate"),
            "%",
        ),
        rate.map(|rate| rate * share * 100.0),
        (
            &format!("{rate_id} x sim_database_ms / largest_database_cores"),
            &[&rate_id, "sim_database_ms", "largest_database_cores"],
        ),
    );
    InstanceProjection {
        instances: instances.to_string(),
        rate: rate_id,
        response: p95_id,
        database: use_id,
        most_used: found.most_used,
    }
}
