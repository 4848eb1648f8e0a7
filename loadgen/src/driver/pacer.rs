//! The thread that says when. It sleeps against absolute times and never spins: on a small
//! machine a spinning pacer would take the target's processor.

use std::borrow::Cow;

use hdrhistogram::Histogram;
use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio_util::sync::CancellationToken;

use super::{helm::Helm, progress::Progress};
use crate::{
    clock::{self, Clock},
    events::Wish,
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
    /// What of the plan was changed, and when.
    pub(super) changes: Vec<(Nanos, Wish)>,
}

/// Lets every arrival go at its time, or at once where that has passed: what was missed is not
/// smeared over the time that follows.
pub(super) fn pace(
    plan: &Plan,
    clock: Clock,
    workers: &[Sender<Due>],
    progress: &Progress,
    stop: &CancellationToken,
    mut helm: Option<Helm>,
) -> Pace {
    // Where one of these is refused, the lag that follows is measured and judged all the same.
    let _exact = clock::wake_this_thread_exactly();
    let _first = clock::run_this_thread_first();
    let mut pace = Pace {
        lag: response_histogram(),
        emitted: 0,
        stopped: None,
        changes: Vec::new(),
    };
    let window = plan.window();
    let mut arrivals = Cow::Borrowed(plan.arrivals.as_slice());
    let mut next = 0;
    let mut turns = (0..workers.len()).cycle();
    let mut index = 0;
    loop {
        let now = clock.now();
        let arrival = arrivals.get(next).copied();
        if stop.is_cancelled() && (arrival.is_some() || !pace.changes.is_empty()) {
            // Up to here the plan was kept: an arrival that falls due just now is not in it.
            pace.stopped = Some(arrival.map_or(now, |arrival| now.min(arrival.intended)));
            return pace;
        }
        let turned = helm.as_mut().and_then(|helm| helm.another_rate(now, index));
        if let Some((rate, rest)) = turned {
            pace.changes.push((now, Wish::Rate(rate)));
            (arrivals, next) = (Cow::Owned(rest), 0);
            continue;
        }
        let Some(arrival) = arrival else {
            // Nothing is left at this rate; where a person chose it, another may be wished for.
            let chosen = !pace.changes.is_empty();
            if !chosen || !helm.as_ref().is_some_and(|helm| helm.goes_on(now)) {
                break;
            }
            clock.sleep_until(now + LOOK_UP);
            continue;
        };
        if now < arrival.intended {
            clock.sleep_until(arrival.intended.min(now + LOOK_UP));
            continue;
        }
        next += 1;
        index = arrival.index + 1;
        let woke = clock.now();
        if window.contains(arrival.intended) {
            pace.emitted += 1;
            let lag = woke.since(arrival.intended).min(HIGHEST);
            pace.lag
                .record(lag.0)
                .expect("a value up to the highest always fits");
        }
        progress.offered();
        let due = Due { arrival, woke };
        let turn = turns.next().unwrap_or(0);
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
