//! `loadgen serve`: the results folder on a page of this machine, until Ctrl-C.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{
    args::ServeArgs,
    outcome::{Failure, closed_pipe},
};
use crate::{exit, web};

/// Serves what `args` name.
pub(super) fn run(args: &ServeArgs) -> Result<u8, Failure> {
    if !args.results.is_dir() {
        return Err(Failure::Usage(format!(
            "{} is no folder; run something first, or name another with --results",
            args.results.display()
        )));
    }
    until_stopped(&args.results, args.listen)?;
    Ok(exit::PASSED)
}

/// Serves `results` on `address` until SIGINT or SIGTERM, and says where.
pub(super) fn until_stopped(results: &Path, address: SocketAddr) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::internal)?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::internal)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::internal)?;
        let stop = CancellationToken::new();
        let served = web::serve(results.to_path_buf(), address, stop.clone())
            .await
            .map_err(Failure::usage)?;
        say(served.address).or_else(|error| closed_pipe(error).map(|_| ()))?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
        served.finished().await;
        Ok(())
    })
}

fn say(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "reports on http://{address}/ until Ctrl-C; the newest is http://{address}/latest/report.html"
    )?;
    out.flush()
}
