//! The live page after its command: it stays until its last reader has left.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    interrupt::{listen, nothing_left_to_stop, signalled},
    runtime::local_runtime,
};
use crate::{cli::output::progress, web::WebServer};

/// How long a page stays at most.
const LONGEST: Duration = Duration::from_mins(10);
/// Time between two checks whether it is still read.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// Message of a signal meanwhile.
const CLOSING: &str = "closing the live page; once more to stop at once";

/// Closes a page when it has no reader any more, at the latest after [`LONGEST`] or at Ctrl-C.
pub(in crate::cli) fn close_when_left(page: &WebServer) {
    if page.is_read() && !signalled() {
        progress(&format!(
            "the live page stays at http://{}/ until it is closed, {} minutes at most; Ctrl-C ends it",
            page.address(),
            LONGEST.as_secs() / 60
        ));
        let stop = CancellationToken::new();
        // A page that no signal could close does not stay.
        if listen(CLOSING, stop.clone()).is_ok()
            && let Ok(runtime) = local_runtime()
        {
            let left = async {
                while page.is_read() {
                    sleep(CHECK_INTERVAL).await;
                }
            };
            runtime.block_on(async {
                tokio::select! {
                    () = left => (),
                    () = stop.cancelled() => (),
                    () = sleep(LONGEST) => (),
                }
            });
        }
        nothing_left_to_stop();
    }
    page.close();
}
