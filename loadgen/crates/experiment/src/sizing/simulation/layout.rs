//! The model as a network of queues: on one machine, as it was measured, or with a machine for each part.

use loadgen_stats::simulation::{
    NetworkResource, QueueingNetwork, RequestClass, ResourceKind, RouteStep, ServiceDistribution,
    ServiceTime,
};

use super::calibration::{OperationModel, SystemModel};

/// Where the processes run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Machines {
    /// All on one machine with so many processors, the load generator among them.
    One {
        /// Its processors.
        cores: u32,
    },
    /// A machine for each instance, one for the database, one for the cache; the load comes from elsewhere.
    Separate {
        /// Processors of an instance.
        instance_cores: u32,
        /// Processors of the database.
        database_cores: u32,
        /// Milliseconds that a request spends on the network.
        network_ms: f64,
    },
}

/// A system that is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) machines: Machines,
    pub(super) instances: u32,
    /// Connections of an instance; absent without a pool.
    pub(super) pool: Option<u32>,
}

/// Requests of an operation, and their hit ratio; in the order of the calibration.
pub(super) type OperationMix = Vec<(f64, Option<f64>)>;

/// The mix of the run that the model was fitted to.
pub(super) fn fitted_mix(model: &SystemModel) -> OperationMix {
    let operations = model.operations.iter();
    operations.map(|one| (one.weight, one.hits)).collect()
}

/// Places of the resources.
const PROCESSORS: usize = 0;
const DATABASE: usize = 1;
const CACHE: usize = 2;
const POOL: usize = 3;
const HASHING: usize = 4;
const ELSEWHERE: usize = 5;

/// The network of queues that the model is in a layout.
pub(super) fn network(
    model: &SystemModel,
    mix: &[(f64, Option<f64>)],
    layout: &Layout,
) -> QueueingNetwork {
    let one_machine = matches!(layout.machines, Machines::One { .. });
    let (cores, database_cores) = match layout.machines {
        Machines::One { cores } => (cores, 1),
        Machines::Separate {
            instance_cores,
            database_cores,
            ..
        } => (instance_cores, database_cores),
    };
    let resource = |name: &str, kind, per_instance| NetworkResource {
        name: name.to_owned(),
        kind,
        per_instance,
    };
    let processors = if one_machine {
        "processors of the machine"
    } else {
        "processors of the instances"
    };
    let resources = vec![
        resource(processors, ResourceKind::Processors(cores), !one_machine),
        resource(
            "processors of the database",
            ResourceKind::Processors(database_cores),
            false,
        ),
        // Redis runs commands one after the other.
        resource("processor of the cache", ResourceKind::Servers(1), false),
        resource(
            "connection pool",
            layout.pool.map_or(ResourceKind::Delay, ResourceKind::Pool),
            true,
        ),
        resource("hashing", ResourceKind::Pool(cores), true),
        resource("elsewhere", ResourceKind::Delay, false),
    ];
    let mut classes = Vec::new();
    for (one, (weight, hits)) in model.operations.iter().zip(mix) {
        let hits = hits.unwrap_or(0.0).clamp(0.0, 1.0);
        for (hit, share) in [(true, hits), (false, 1.0 - hits)] {
            if share > 0.0 && *weight > 0.0 {
                classes.push(RequestClass {
                    weight: weight * share,
                    factor: factor(one, hit),
                    steps: steps(one, hit, layout),
                });
            }
        }
    }
    QueueingNetwork {
        instances: layout.instances,
        resources,
        classes,
    }
}

fn factor(one: &OperationModel, hit: bool) -> ServiceDistribution {
    one.factors[usize::from(!hit)].clone()
}

/// What a request does: the way to the instance, its processors, hashing, the cache, the database unless the
/// cache had it, and what passes elsewhere.
fn steps(one: &OperationModel, hit: bool, layout: &Layout) -> Vec<RouteStep> {
    let serve = |resource, ms: f64| RouteStep::Serve {
        resource,
        time: ServiceTime::OfRequest(ms / 1_000.0),
    };
    let (database, cache, generator, network_ms) = match layout.machines {
        Machines::One { .. } => (PROCESSORS, PROCESSORS, one.generator, 0.0),
        Machines::Separate { network_ms, .. } => (DATABASE, CACHE, 0.0, network_ms),
    };
    let mut steps = Vec::new();
    if network_ms > 0.0 {
        // The network does not slow down with the request.
        steps.push(RouteStep::Serve {
            resource: ELSEWHERE,
            time: ServiceTime::Drawn(ServiceDistribution::Constant(network_ms / 1_000.0)),
        });
    }
    steps.push(serve(PROCESSORS, one.application + generator));
    if one.hashing > 0.0 {
        steps.extend([
            RouteStep::Acquire(HASHING),
            serve(PROCESSORS, one.hashing),
            RouteStep::Release(HASHING),
        ]);
    }
    steps.push(serve(cache, one.cache));
    if !hit && one.database + one.database_wait > 0.0 {
        let visit = [
            serve(database, one.database),
            serve(ELSEWHERE, one.database_wait),
        ];
        if layout.pool.is_some() {
            steps.push(RouteStep::Acquire(POOL));
            steps.extend(visit);
            steps.push(RouteStep::Release(POOL));
        } else {
            steps.extend(visit);
        }
    }
    steps.push(serve(ELSEWHERE, one.wait));
    steps
}
