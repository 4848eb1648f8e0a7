//! `loadgen run`: one suite, one profile, one trial.

use crate::cli::{
    failure::Failure,
    flags::{RunArgs, TRACED_OF_FLOWS},
    plan::{plan_suite, refuse_lost_phases, resolve_settings},
    session::{Distribution, MeasuredSession, ServiceSource, SingleRun},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::driver::HttpTrace;
use loadgen_experiment::trial::{ArmConfig, TestEnv};
use loadgen_stats::seed::sub_seed;

/// Runs it; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let (suite, source) = plan_suite(args.suite.as_deref(), args.overrides.as_deref(), &args.load)?;
    refuse_lost_phases(&suite)?;
    let settings = resolve_settings(&args.profile.profile, &args.profile.set)?;
    let mut services = ServiceSource::from_flags(&args.target)?;
    services.default_topology(suite.topology)?;
    services.prepare_faults(&suite)?;
    let distribution = Distribution::from_flags(args, &suite)?;
    let result = args.result.tracing(args.http_debug);
    let trace = args.http_debug.then(|| HttpTrace::first(TRACED_OF_FLOWS));
    let session = MeasuredSession::begin(&result, "run", &suite.name, &source);
    let arm = ArmConfig::new("run", settings, &CodeConnect);
    let single = SingleRun {
        suite: &suite,
        arm: &arm,
        seed: sub_seed(suite.seed, "run"),
        workers: args.load.workers,
        warnings: services.warnings(),
    };
    session.work(&services, async |bench, own_stack| {
        let bench = &TestEnv {
            trace: trace.clone(),
            ..bench.clone()
        };
        let Some(distribution) = &distribution else {
            let (summary, _outcome) = single.measure(&session, bench, own_stack).await?;
            return Ok(summary);
        };
        let load = distribution
            .wait_for_workers(bench, &suite, &arm, single.seed)
            .await?;
        let bench = TestEnv {
            load: load.clone(),
            ..bench.clone()
        };
        let measured = single.measure(&session, &bench, own_stack).await;
        load.close().await;
        let (summary, _outcome) = measured?;
        Ok(summary)
    })
}
