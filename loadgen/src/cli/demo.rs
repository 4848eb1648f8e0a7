//! `loadgen demo`: the before/after experiment, with nothing to know beforehand.

use super::{args::DemoArgs, experiment, experiment_args::ExperimentArgs, outcome::Failure, serve};

/// Runs it.
pub(super) fn run(args: DemoArgs) -> Result<u8, Failure> {
    let results = args.result.results.clone();
    let code = experiment::run(&ExperimentArgs {
        file: Some("before_after".to_owned()),
        target: args.target,
        load: args.load,
        result: args.result,
        quick: args.quick,
        ..ExperimentArgs::default()
    })?;
    if let Some(address) = args.serve {
        serve::until_stopped(&results, address)?;
    }
    Ok(code)
}
