//! An own stack for work that is no measured command: its progress is shown, and it is stopped in the end.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    interrupt::{CleanupSlot, listen_with, without_events},
    runtime::task_runtime,
};
use crate::{
    cli::failure::Failure,
    live::{Live, TerminalCapabilities},
};
use loadgen_experiment::events::{self, Publisher};
use loadgen_stack::StackOptions;

/// Does `work`, which gets options of a stack that reports its progress and stops at a signal, and the place to
/// start it into; stops the stack in the end. `stopping` is published at the first signal.
pub(in crate::cli) fn with_own_stack<T, F>(stopping: &'static str, work: F) -> Result<T, Failure>
where
    F: AsyncFnOnce(StackOptions, &CleanupSlot, Publisher) -> Result<T, Failure>,
{
    let runtime = task_runtime()?;
    let (events, receiver) = events::channel();
    let live = Live::start(receiver, TerminalCapabilities::of_stderr());
    let running: CleanupSlot = CleanupSlot::empty();
    let stop = CancellationToken::new();
    let services = vec![running.clone()];
    let listening = listen_with(stopping, stop.clone(), services, events.clone(), false);
    let done = runtime.block_on(async {
        listening?;
        let progress = events.clone();
        let options = StackOptions {
            stop,
            abort: running.abort(),
            log: Arc::new(move |what| progress.stage(what, None)),
            ..StackOptions::default()
        };
        work(options, &running, events).await
    });
    running.clear();
    runtime.shutdown_background();
    without_events(|| live.finish());
    done
}
