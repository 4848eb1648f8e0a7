//! The thread that says when. It sleeps against absolute times and never spins: on a small
//! machine a spinning pacer would take the target's processor.

use hdrhistogram::Histogram;
use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use crate::{
    clock::{self, Clock},
    recorder::{HIGHEST, response_histogram},
    schedule::{Arrival, Plan},
    units::Nanos,
};

/// Longest sleep before it looks whether the run was stopped.
const LOOK_UP: Nanos = Nanos::from_millis(50);

/// An arrival that was let go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) arrival: Arrival,
    pub(super) woke: Nanos,
}

/// What the pacer did.
pub(super) struct Pace {
    /// How late the measured arrivals were let go.
    pub(super) lag: Histogram<u64>,
    /// Measured arrivals that were let go.
    pub(super) emitted: u64,
    /// When it was stopped, if it was before its end.
    pub(super) stopped: Option<Nanos>,
}

/// Lets every arrival go at its time, or at once where that has passed: what was missed is not
/// smeared over the time that follows.
pub(super) fn pace(
    plan: &Plan,
    clock: Clock,
    workers: &[Sender<Due>],
    progress: &Progress,
    stop: &CancellationToken,
) -> Pace {
    // Where one of these is refused, the lag that follows is measured and judged all the same.
    let _exact = clock::wake_this_thread_exactly();
    let _first = clock::run_this_thread_first();
    let mut pace = Pace {
        lag: response_histogram(),
        emitted: 0,
        stopped: None,
    };
    let window = plan.window();
    for (arrival, turn) in plan.arrivals.iter().zip((0..workers.len()).cycle()) {
        loop {
            if stop.is_cancelled() {
                // Up to here the plan was kept: an arrival that falls due just now is not in it.
                pace.stopped = Some(clock.now().min(arrival.intended));
                return pace;
            }
            let now = clock.now();
            if now >= arrival.intended {
                break;
            }
            clock.sleep_until(arrival.intended.min(now + LOOK_UP));
        }
        let woke = clock.now();
        if window.contains(arrival.intended) {
            pace.emitted += 1;
            let lag = woke.since(arrival.intended).min(HIGHEST);
            pace.lag
                .record(lag.0)
                .expect("a value up to the highest always fits");
        }
        progress.offered();
        let due = Due {
            arrival: *arrival,
            woke,
        };
        match workers[turn].try_send(due) {
            Ok(()) => {}
            // The worker is far behind; waiting shows as lag, and lag makes the trial invalid.
            Err(TrySendError::Full(due)) => {
                let _gone = workers[turn].blocking_send(due);
            }
            // The worker panicked, which its own thread tells.
            Err(TrySendError::Closed(_)) => return pace,
        }
    }
    pace
}
