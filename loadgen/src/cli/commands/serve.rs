//! `loadgen serve`: the results folder as a web page, from which runs can be started, until Ctrl-C.

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{
        failure::Failure,
        flags::ServeArgs,
        output::closed_pipe,
        session::{job_template, local_runtime},
    },
    exit,
    web::{WebConfig, WebServer},
};

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
    until_stopped(page)?;
    Ok(exit::PASSED)
}

/// Lets commands be started from a page until SIGINT or SIGTERM, and closes it. A second signal
/// does not wait for started commands; the kernel signals them when this process ends.
pub(super) fn until_stopped(page: WebServer) -> Result<(), Failure> {
    let runtime = local_runtime()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::internal)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::internal)?;
        page.allow_jobs();
        say(&page).or_else(|error| closed_pipe(error).map(|_| ()))?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let closing = tokio::task::spawn_blocking(move || page.close());
        tokio::select! {
            _ = closing => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok::<_, Failure>(())
    })?;
    runtime.shutdown_background();
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
