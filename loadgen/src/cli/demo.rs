//! `loadgen demo`: the before/after experiment, with nothing to know beforehand.

use super::{
    args::DemoArgs, audience, experiment, experiment_args::ExperimentArgs, outcome::Failure, serve,
    starter,
};
use crate::{
    exit,
    web::{Page, Setup},
};

/// Runs it. With `--serve` the page is there from the beginning and stays when the run has ended,
/// unless that was stopped.
pub(super) fn run(mut args: DemoArgs) -> Result<u8, Failure> {
    let page = match args.serve {
        Some(address) => Some(open(&args, address)?),
        None => None,
    };
    args.result.page.clone_from(&page);
    let code = experiment::run(&ExperimentArgs {
        file: Some("before_after".to_owned()),
        target: args.target,
        load: args.load,
        result: args.result,
        quick: args.quick,
        ..ExperimentArgs::default()
    })?;
    match page {
        Some(page) if code == exit::INTERRUPTED => page.close(),
        Some(page) => serve::until_stopped(page)?,
        None => {}
    }
    Ok(code)
}

fn open(args: &DemoArgs, address: std::net::SocketAddr) -> Result<Page, Failure> {
    let page = Page::open(Setup {
        results: args.result.results.clone(),
        address,
        starter: Some(starter::starter(&args.target, &args.result.results)?),
    })
    .map_err(Failure::usage)?;
    audience::say_where(&page);
    Ok(page)
}
