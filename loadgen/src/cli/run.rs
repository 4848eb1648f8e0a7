//! `loadgen run`: one suite, one profile, one trial.

use chrono::Utc;

use super::{
    args::RunArgs,
    bench::Session,
    outcome::Failure,
    overrides,
    services::Services,
    shipped::{self, Source},
    summary::{self, About},
};
use crate::{
    codeconnect::CodeConnect,
    experiment::file::shorten,
    seed::sub_seed,
    stack::StackError,
    suite::Suite,
    trial::{self, Arm, TrialError, TrialSpec},
};

/// Runs it; the exit code is the verdict's.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let started_at = Utc::now();
    let (mut suite, source) = match &args.suite {
        Some(word) => shipped::suite(word)?,
        None => unnamed(&args.load.flows)?,
    };
    overrides::apply(&mut suite, &args.load)?;
    let settings = overrides::settings(&args.profile, &args.set)?;
    let services = Services::of(&args.target)?;
    let session = Session::begin(&args.result, "run", &suite.name, &source);
    // Windows that are no whole milliseconds apart would leave an empty last phase.
    let windows = suite.windows;
    shorten(&mut suite, windows.warm_up, windows.measure);

    session.work(&services, async |bench, own_stack| {
        session.announce(bench, &suite);
        bench.events.note(format!(
            "one trial: about {} s",
            (windows.planned().0 / 1_000) + 10
        ));
        let arm = Arm::new("run", settings.clone(), &CodeConnect);
        let place = TrialSpec {
            suite: &suite,
            arm: &arm,
            block: 0,
            blocks: 0,
            folder: "run".to_owned(),
            seed: sub_seed(suite.seed, "run"),
            workers: usize::from(args.load.workers),
            explained: true,
            elapsed: std::time::Duration::ZERO,
            total: windows.planned().duration(),
        };
        let outcome = match trial::run(bench, &place).await {
            Ok(outcome) => outcome,
            Err(error) => return Err(failure(error)),
        };
        session.keep(&outcome);
        let about = About {
            started_at,
            own_stack,
            warnings: services.warnings(),
        };
        Ok(summary::of_run(about, &suite, &arm, &outcome))
    })
}

/// A suite of flows that were picked by hand, with the load of the core mix.
fn unnamed(flows: &[String]) -> Result<(Suite, Source), Failure> {
    if flows.is_empty() {
        return Err(Failure::Usage(format!(
            "name a suite file (shipped: {}), or one flow or more with --flow",
            shipped::suites().join(", ")
        )));
    }
    let (mut suite, source) = shipped::suite("core")?;
    overrides::picked_by_hand(&mut suite, flows)?;
    suite.question = format!("How does {} go?", flows.join(", "));
    Ok((suite, source))
}

/// What a trial that did not come about means for the command.
pub(super) fn failure(error: TrialError) -> Failure {
    match error {
        TrialError::Stopped | TrialError::Stack(StackError::Interrupted) => Failure::Interrupted,
        TrialError::System(_) | TrialError::NoRate(_) | TrialError::Plan(_) => {
            Failure::usage(error)
        }
        TrialError::Driver(_) | TrialError::Thread(_) | TrialError::Stack(_) => {
            Failure::internal(error)
        }
    }
}
