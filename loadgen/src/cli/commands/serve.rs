//! `loadgen serve`: the results folder as a web page, from which runs can be started, until Ctrl-C.

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
};

use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        failure::Failure,
        flags::ServeArgs,
        output::closed_pipe,
        session::{job_template, listen, local_runtime},
    },
    exit,
    web::{WebConfig, WebServer},
};

/// Message of the first signal.
const CLOSING: &str =
    "closing when what was started from the page has ended; once more to stop at once";

/// Serves the folder.
pub(in crate::cli) fn run(args: &ServeArgs) -> Result<u8, Failure> {
    if args.folder.results.exists() && !args.folder.results.is_dir() {
        return Err(Failure::Usage(format!(
            "{} is no folder; name another with --results",
            args.folder.results.display()
        )));
    }
    let page = WebServer::start(WebConfig {
        results: args.folder.results.clone(),
        address: args.listen,
        secret: args.page.page_secret.clone(),
        jobs: Some(job_template(&args.target, &args.folder.results)?),
    })
    .map_err(Failure::usage)?;
    until_stopped(&page)?;
    Ok(exit::PASSED)
}

/// Lets commands be started from a page until a signal comes, and closes it. A second one does not wait for started
/// commands; the kernel signals them when this process ends.
pub(super) fn until_stopped(page: &WebServer) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    listen(CLOSING, stop.clone())?;
    page.allow_jobs();
    say(page).or_else(|error| closed_pipe(error).map(|_| ()))?;
    local_runtime()?.block_on(stop.cancelled());
    page.close();
    Ok(())
}

fn say(page: &WebServer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut address = page.address();
    // Listening everywhere is no address to go to.
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    writeln!(
        out,
        "reports on {} until Ctrl-C; the newest is http://{address}/latest/report.html",
        page.url()
    )?;
    out.flush()
}
