//! From a suite and a prepared system to what the driver is given.

use std::sync::Arc;

use super::job::{TestEnv, TrialSpec};
use crate::system::{PreparedSystem, SystemError};
use loadgen_engine::{
    driver::{self, DriverSetup, FlowLoad, Progress},
    schedule::{self, PlanError, Schedule},
    suite::{LoadModel, Suite},
    units::Nanos,
};
use loadgen_stats::seed::sub_seed;

/// Why there is nothing to give to the driver.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetupError {
    /// The system lacks a flow.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The load cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// The load of a trial as its driver gets it.
pub(super) fn setup(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    system: &dyn PreparedSystem,
) -> Result<DriverSetup, SetupError> {
    let suite = spec.suite;
    let mut flows = Vec::new();
    for share in &suite.flows {
        let flow = system.flow(&share.flow).ok_or_else(|| {
            SystemError::Failed(format!("the target has no flow `{}`", share.flow))
        })?;
        flows.push(FlowLoad {
            flow,
            weight: share.weight,
            think: share.think,
        });
    }
    let weights: Vec<f64> = flows.iter().map(|load| load.weight).collect();
    let mut schedule = schedule::plan(
        &suite.load,
        &weights,
        &suite.windows,
        sub_seed(spec.seed, "plan"),
    )?;
    if let (Schedule::Open(plan), Some(count)) = (&mut schedule, suite.options.shared_iterations) {
        plan.limit(count);
    }
    let operations = env.system.application().catalog().operations;
    Ok(DriverSetup {
        endpoints: env.system.endpoints().iter().cloned().collect(),
        schedule,
        flows,
        timeout: suite.timeout,
        drain: suite.windows.drain,
        max_users: suite.max_users,
        // A worker without a user of its own would end at once, and hear of no other; in an open load it
        // would be given one beyond those that are allowed.
        workers: {
            let users = match &suite.load {
                LoadModel::Closed { users, .. } => *users,
                LoadModel::Open { .. } => suite.max_users,
            };
            spec.workers.min(users.max(1) as usize)
        },
        seed: sub_seed(spec.seed, "users"),
        progress: Arc::new(Progress::new(operations)),
        stop: env.stop.child_token(),
    })
}

/// How the driver goes about the load.
pub(super) fn options(suite: &Suite, system: &dyn PreparedSystem) -> driver::DriverOptions {
    let options = &suite.options;
    driver::DriverOptions {
        // Of an open load the plan is cut instead.
        iterations: options
            .shared_iterations
            .filter(|_| matches!(suite.load, LoadModel::Closed { .. })),
        pace: options.pace,
        ramp: options.ramp.clone(),
        in_flight: options.in_flight,
        phases: suite
            .phase_spans()
            .into_iter()
            .map(|(name, from, to)| (name, Nanos::from_millis(from.0), Nanos::from_millis(to.0)))
            .collect(),
        client: system.client(),
        ..driver::DriverOptions::default()
    }
}
