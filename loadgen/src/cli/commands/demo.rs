//! `loadgen demo`: the before/after experiment, without any required argument.

use std::net::SocketAddr;

use super::{experiment, serve};
use crate::{
    cli::{
        failure::Failure,
        flags::{DemoArgs, ExperimentArgs},
        session::{announce_page, job_template},
    },
    exit,
    web::{WebConfig, WebServer},
};

/// Runs it. With `--serve` the page is open from the beginning, and stays open when the run has
/// ended, unless it was interrupted.
pub(in crate::cli) fn run(args: DemoArgs) -> Result<u8, Failure> {
    let page = match args.serve {
        Some(address) => Some(open(&args, address)?),
        None => None,
    };
    let experiment = ExperimentArgs {
        file: Some("before_after".to_owned()),
        target: args.target,
        load: args.load,
        result: args.result,
        quick: args.quick,
        capacity: true,
        ..ExperimentArgs::default()
    };
    let code = experiment::run(&experiment, page.as_ref())?;
    match page {
        Some(page) if code == exit::INTERRUPTED => page.close(),
        Some(page) => serve::until_stopped(page)?,
        None => {}
    }
    Ok(code)
}

fn open(args: &DemoArgs, address: SocketAddr) -> Result<WebServer, Failure> {
    let page = WebServer::start(WebConfig {
        results: args.result.folder.results.clone(),
        address,
        secret: args.result.page.page_secret.clone(),
        jobs: Some(job_template(&args.target, &args.result.folder.results)?),
    })
    .map_err(Failure::usage)?;
    announce_page(&page);
    Ok(page)
}
