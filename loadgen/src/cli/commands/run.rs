//! `loadgen run`: one suite, one profile, one trial.

use crate::cli::{
    failure::Failure,
    flags::RunArgs,
    plan::{plan_suite, resolve_settings},
    session::{MeasuredSession, ServiceSource},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::{
    summary::{self, RunContext},
    trial::{self, ArmConfig, TrialSpec},
};
use loadgen_stats::seed::sub_seed;

/// Runs it; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let started_at = time_of_day().into();
    let (suite, source) = plan_suite(args)?;
    let settings = resolve_settings(&args.profile, &args.set)?;
    let services = ServiceSource::from_flags(&args.target)?;
    let session = MeasuredSession::begin(&args.result, "run", &suite.name, &source);
    let windows = suite.windows;

    session.work(&services, async |bench, own_stack| {
        session.announce(bench, &suite);
        bench.events.note(format!(
            "one trial: about {} s",
            (windows.planned().0 / 1_000) + 10
        ));
        let arm = ArmConfig::new("run", settings.clone(), &CodeConnect);
        let spec = TrialSpec {
            suite: &suite,
            arm: &arm,
            block: 0,
            blocks: 0,
            folder: "run".to_owned(),
            seed: sub_seed(suite.seed, "run"),
            workers: usize::from(args.load.workers),
            generator_judged: true,
            explained: true,
            elapsed: std::time::Duration::ZERO,
            total: windows.planned().duration(),
        };
        let outcome = trial::run(bench, &spec).await?;
        session.store_trial(&outcome);
        let context = RunContext {
            application: &CodeConnect,
            started_at,
            own_stack,
            warnings: services.warnings(),
        };
        Ok(summary::of_run(context, &suite, &arm, &outcome))
    })
}
