//! The live page after its command: it stays until its last reader has left.

use std::time::Duration;

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};

use crate::{cli::output::progress, web::WebServer};

/// How long a page stays at most.
const LONGEST: Duration = Duration::from_mins(10);
/// Time between two checks whether it is still read.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Closes a page when it has no reader any more, at the latest after [`LONGEST`] or at Ctrl-C.
pub(in crate::cli) fn close_when_left(page: &WebServer) {
    if page.is_read() {
        progress(&format!(
            "the live page stays at http://{}/ until it is closed, {} minutes at most; Ctrl-C ends it",
            page.address(),
            LONGEST.as_secs() / 60
        ));
        // Where no signal can be received, the default action of Ctrl-C ends the process.
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
            let _elapsed = runtime.block_on(async { timeout(LONGEST, left(page)).await });
        }
    }
    page.close();
}

/// Returns when the page is not read any more, or at a signal.
async fn left(page: &WebServer) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    while page.is_read() {
        tokio::select! {
            _ = interrupt.recv() => return,
            _ = terminate.recv() => return,
            () = sleep(CHECK_INTERVAL) => {}
        }
    }
}
