//! `loadgen http` from the flags to the exit code.

use std::cell::OnceCell;

use super::{json, result::HttpResult, service::UrlLoad, text};
use crate::cli::{
    failure::Failure,
    flags::{HttpArgs, TRACED_EXCHANGES},
    session::{MeasuredSession, ServiceSource, SingleRun},
};
use loadgen_engine::driver::HttpTrace;
use loadgen_experiment::{
    system::SystemUnderTest as _,
    trial::{ArmConfig, TrialOutcome},
};

/// Limits of what a single request shows.
const NOT_TESTED: [&str; 2] = [
    "other requests than this one, and what its answers contain",
    "the service itself: nothing in it was reset, observed or audited",
];

/// Measures, stores and prints; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &HttpArgs) -> Result<u8, Failure> {
    let UrlLoad {
        service,
        suite,
        settings,
        source,
    } = UrlLoad::of(args)?;
    let arm = ArmConfig::new("http", settings, service.application());
    let services = ServiceSource::Http {
        service,
        trace: args.http_debug.then(|| HttpTrace::first(TRACED_EXCHANGES)),
    };
    let result = args.result.tracing(args.http_debug);
    let session = MeasuredSession::begin(&result, "http", &suite.name, &source);
    let single = SingleRun {
        suite: &suite,
        arm: &arm,
        seed: args.seed,
        workers: args.workers,
        warnings: Vec::new(),
    };
    let measured: OnceCell<TrialOutcome> = OnceCell::new();
    session.work_and_print(
        &services,
        async |bench, own_stack| {
            let (mut summary, outcome) = single.measure(&session, bench, own_stack).await?;
            summary.not_tested = NOT_TESTED.map(str::to_owned).to_vec();
            // Set once: this closure runs once.
            let _first = measured.set(outcome);
            Ok(summary)
        },
        |summary, folder| {
            measured.get().map_or_else(String::new, |outcome| {
                let result = HttpResult {
                    url: &args.url,
                    summary,
                    data: &outcome.data,
                };
                if args.json {
                    json::render(&result)
                } else {
                    text::render(&result, folder)
                }
            })
        },
    )
}
