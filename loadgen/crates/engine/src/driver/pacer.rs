//! The thread that releases arrivals at their time. It sleeps until absolute times and never spins:
//! on a small machine a spinning pacer would take the processor from the target.

use hdrhistogram::Histogram;
use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio_util::sync::CancellationToken;

use super::{control_receiver::ControlReceiver, progress::Progress};
use crate::{
    clock::{self, TrialClock},
    load_control::ControlEvent,
    recorder::{record_cut, response_histogram},
    schedule::{Arrival, ArrivalPlan},
    thread_priority::{self, ThreadPrecedence, ThreadRole},
    units::Nanos,
};

/// How often the pacer checks whether the run was stopped or changed.
const CHECK_INTERVAL: Nanos = Nanos::from_millis(50);

/// An arrival that was released, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct DueArrival {
    pub(super) arrival: Arrival,
    pub(super) woke: Nanos,
}

/// What the pacer reports at its end.
pub(super) struct PacerReport {
    /// How its thread was scheduled.
    pub(super) precedence: ThreadPrecedence,
    /// How late the measured arrivals were released.
    pub(super) lag: Histogram<u64>,
    /// Measured arrivals that were released.
    pub(super) emitted: u64,
    /// When it was stopped, if that was before its end.
    pub(super) stopped: Option<Nanos>,
    /// Changes made while the load ran, and when.
    pub(super) changes: Vec<(Nanos, ControlEvent)>,
}

/// Releases every arrival at its time, or at once where that has passed: late arrivals are not
/// spread over the time that follows.
pub(super) fn run(
    plan: &ArrivalPlan,
    clock: TrialClock,
    workers: &[Sender<DueArrival>],
    progress: &Progress,
    stop: &CancellationToken,
    mut control: Option<ControlReceiver>,
) -> PacerReport {
    // Where one of these is refused, the lag that results is measured and checked.
    let _exact = clock::wake_this_thread_exactly();
    let mut report = PacerReport {
        precedence: thread_priority::raise_priority(ThreadRole::Timer),
        lag: response_histogram(),
        emitted: 0,
        stopped: None,
        changes: Vec::new(),
    };
    let window = plan.window();
    let mut arrivals: Box<dyn Iterator<Item = Arrival>> = Box::new(plan.arrivals());
    let mut next = arrivals.next();
    let mut turns = (0..workers.len()).cycle();
    let mut index = 0;
    // When a change of the rate was seen that is not made yet.
    let mut change_at = None;
    loop {
        let now = clock.now();
        if stop.is_cancelled() && (next.is_some() || !report.changes.is_empty()) {
            // The plan was kept up to here; an arrival that is due just now is not in it.
            report.stopped = Some(next.map_or(now, |arrival| now.min(arrival.intended)));
            return report;
        }
        if change_at.is_none() && control.as_ref().is_some_and(ControlReceiver::has_change) {
            change_at = Some(now);
        }
        // What was due before a change is released first, or nothing would ever count it. What the old rate
        // has after it is not: a pacer that is late all the time would never follow.
        if let Some(at) = change_at
            && next.is_none_or(|arrival| arrival.intended > at)
        {
            change_at = None;
            let changed = control
                .as_mut()
                .and_then(|control| control.changed_rate(at, index));
            if let Some((rate, rest)) = changed {
                report.changes.push((at, ControlEvent::Rate(rate)));
                arrivals = Box::new(rest);
                next = arrivals.next();
                continue;
            }
        }
        let Some(arrival) = next else {
            // No arrival is left at this rate; a rate that was set by hand may be changed again.
            let changed_before = !report.changes.is_empty();
            if !changed_before
                || !control
                    .as_ref()
                    .is_some_and(|control| control.is_before_end(now))
            {
                break;
            }
            clock.sleep_until(now + CHECK_INTERVAL);
            continue;
        };
        if now < arrival.intended {
            clock.sleep_until(arrival.intended.min(now + CHECK_INTERVAL));
            continue;
        }
        next = arrivals.next();
        index = arrival.index + 1;
        let woke = clock.now();
        if window.contains(arrival.intended) {
            report.count(woke.since(arrival.intended));
        }
        progress.offered();
        let turn = turns.next().unwrap_or(0);
        if !hand_over(&workers[turn], DueArrival { arrival, woke }) {
            // The worker panicked, which joining its thread reports: the others have nothing to go on for.
            stop.cancel();
            return report;
        }
    }
    report
}

impl PacerReport {
    /// Counts a measured arrival that was released so late.
    fn count(&mut self, late: Nanos) {
        self.emitted += 1;
        record_cut(&mut self.lag, late);
    }
}

/// Gives an arrival to a worker. Whether the worker still takes them.
fn hand_over(worker: &Sender<DueArrival>, due: DueArrival) -> bool {
    match worker.try_send(due) {
        Ok(()) => true,
        // The worker is far behind; waiting shows as lag, and lag makes the trial invalid.
        Err(TrySendError::Full(due)) => {
            // One that ends meanwhile is seen with the next arrival.
            let _gone = worker.blocking_send(due);
            true
        }
        Err(TrySendError::Closed(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use shared::time::Millis;
    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::{
        flow::shop,
        schedule::{FlowMixes, Replanner, Schedule, plan},
        suite::{Arrivals, LoadModel, Phase, Windows},
    };

    const SPAN: Millis = Millis(1_000);
    /// When the pacers of the tests begin.
    const LATE: Nanos = Nanos::from_millis(50);

    fn planned() -> ArrivalPlan {
        let load = LoadModel::Open {
            phases: vec![Phase::level("1000/s".parse().unwrap(), SPAN)],
            arrivals: Arrivals::Constant,
        };
        let windows = Windows {
            warm_up: Millis(0),
            measure: SPAN,
            drain: Millis(1_000),
        };
        match plan(&load, &[1.0], &windows, 7).unwrap() {
            Schedule::Open(plan) => plan,
            Schedule::Closed(_) => unreachable!(),
        }
    }

    /// Lets a pacer run that begins late, and finds a change of the rate to 100/s then. The arrivals that it
    /// releases are taken by `take`.
    fn paced(
        plan: &ArrivalPlan,
        queue: usize,
        mut take: impl FnMut(&mut mpsc::Receiver<DueArrival>) -> Option<DueArrival>,
    ) -> (PacerReport, Vec<Arrival>) {
        let (sender, mut released) = mpsc::channel(queue);
        let events = watch::Sender::new(None);
        let mixes = FlowMixes::constant(&[1.0]).unwrap();
        let end = Nanos::from_millis(SPAN.0);
        let replanner = Replanner::new(Arrivals::Constant, mixes, end, 7);
        let control = ControlReceiver::new(events.subscribe(), Some(replanner));
        events.send_replace(Some(ControlEvent::Rate(100.0)));
        let clock = TrialClock::start();
        clock.sleep_until(LATE);
        let plan = plan.clone();
        // On a thread of its own, whose precedence it raises.
        let pacer = thread::spawn(move || {
            let progress = Progress::new(shop().operations);
            let stop = CancellationToken::new();
            run(&plan, clock, &[sender], &progress, &stop, Some(control))
        });
        let mut arrivals = Vec::new();
        while let Some(due) = take(&mut released) {
            arrivals.push(due.arrival);
        }
        (pacer.join().unwrap(), arrivals)
    }

    #[test]
    fn what_was_due_before_a_change_of_the_rate_is_released_however_late_the_pacer_is() {
        let plan = planned();
        let (report, arrivals) = paced(&plan, 1_000, mpsc::Receiver::blocking_recv);
        let [(changed_at, ControlEvent::Rate(_))] = report.changes[..] else {
            panic!("{:?}", report.changes);
        };
        let before: Vec<Arrival> = plan
            .arrivals()
            .take_while(|one| one.intended <= changed_at)
            .collect();
        assert!(before.len() >= 50, "{}", before.len());
        assert_eq!(arrivals[..before.len()], before[..]);
        assert!((0..).zip(&arrivals).all(|(index, one)| one.index == index));
    }

    #[test]
    fn a_pacer_that_is_always_late_follows_a_change_of_the_rate() {
        // The worker takes fewer arrivals than there are at the first rate.
        let (report, arrivals) = paced(&planned(), 1, |released| {
            thread::sleep(Duration::from_millis(2));
            released.blocking_recv()
        });
        let [(changed_at, ControlEvent::Rate(_))] = report.changes[..] else {
            panic!("{:?}", report.changes);
        };
        assert!(changed_at < Nanos::from_millis(SPAN.0), "{changed_at:?}");
        assert!(arrivals.len() < planned().arrivals().count());
    }
}
