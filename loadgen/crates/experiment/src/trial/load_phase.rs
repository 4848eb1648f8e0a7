//! The part of a trial in which its load is generated, and everything is watched.

use std::{sync::Arc, time::Instant};

use super::{
    error::TrialError,
    fault_run::FaultRun,
    job::{TestEnv, TrialSpec},
    load_control,
    load_source::GeneratedLoad,
    setup::{options, setup},
    watch::TrialWatch,
};
use crate::{
    observer::{HiccupProbe, Host, ObservationLog},
    system::PreparedSystem,
};
use loadgen_engine::driver::DriverOptions;

/// A load that is over, and what goes on beside it until the caller ends it.
pub(super) struct LoadPhase {
    pub(super) generated: GeneratedLoad,
    /// Most requests that an iteration of any flow sends at once.
    pub(super) at_once: usize,
    /// What was seen of target and machine.
    pub(super) observations: ObservationLog,
    /// The threshold that ended the load, and the figure that broke it.
    pub(super) ended_by: Option<(String, String)>,
    pub(super) faults: FaultRun,
    /// Absent where none could be started.
    pub(super) hiccup_probe: Option<HiccupProbe>,
}

/// Has the load generated, puts the faults in at their times, and observes target and machine meanwhile.
/// The trial `began` before, with its preparation.
pub(super) async fn under_load(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    system: &dyn PreparedSystem,
    began: Instant,
    warnings: &mut Vec<String>,
) -> Result<LoadPhase, TrialError> {
    let suite = spec.suite;
    let setup = setup(env, spec, system)?;
    let at_once = setup
        .flows
        .iter()
        .map(|load| load.flow.max_concurrent_requests())
        .max();
    let progress = Arc::clone(&setup.progress);
    let planned = suite.windows.planned().duration();
    spec.stage(&env.events, "load", Some(planned));
    // Without it the trial is judged by what else is seen.
    let hiccup_probe = HiccupProbe::start().ok();
    let options = DriverOptions {
        control: load_control::offer(env, spec, &setup.flows)?,
        samples: env.samples,
        trace: env.trace.clone(),
        ..options(suite, system)
    };
    let stop = setup.stop.clone();
    let source = Arc::clone(&env.load);
    let driving = tokio::task::spawn_blocking(move || source.generate(setup, options));
    let host = Host::new(env.pids());
    let faults = FaultRun::begin(env, suite, &host, warnings);
    let mut watch = TrialWatch::begin(env, spec, progress, host, began.elapsed());
    let generated = watch.until_generated(driving, &stop).await?;
    env.load_control.end();
    watch.observe().await;
    Ok(LoadPhase {
        generated,
        at_once: at_once.unwrap_or(1),
        observations: watch.observations,
        ended_by: watch.ended_by,
        faults,
        hiccup_probe,
    })
}
