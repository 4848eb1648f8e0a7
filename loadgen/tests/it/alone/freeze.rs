//! A target that stands still for a second is seen in every request of that second, and
//! only a load that does not wait for answers shows it (coordinated omission).

use std::{thread, time::Duration};

use loadgen_engine::{
    schedule::{Schedule, plan},
    suite::{Arrivals, LoadModel, Phase, Windows},
};
use loadgen_stats::seed::sub_seed;
use shared::time::Millis;

use crate::support::{KnownServer, http, percentile};

const DELAY: Duration = Duration::from_millis(20);
const FREEZE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(5));
const LASTS: Millis = Millis(10_000);
/// The server's timer and two wake-ups, on a machine with others: a fifth of the delay.
const SLACK_MS: f64 = 4.0;

fn freezing() -> KnownServer {
    KnownServer {
        freeze: Some(FREEZE),
        ..KnownServer::after(DELAY)
    }
}

/// Response times in milliseconds that follow from the plan alone.
fn expected() -> Vec<f64> {
    let load = LoadModel::Open {
        phases: vec![Phase::level("100/s".parse().unwrap(), LASTS)],
        arrivals: Arrivals::Constant,
    };
    let windows = Windows {
        warm_up: Millis(0),
        measure: LASTS,
        drain: Millis(10_000),
    };
    let Schedule::Open(plan) = plan(&load, &[1.0], &windows, sub_seed(1, "plan")).unwrap() else {
        panic!("a rate is an open load");
    };
    let response = |intended: Duration| {
        let due = intended + DELAY;
        let due = if (FREEZE.0..FREEZE.1).contains(&due) {
            FREEZE.1
        } else {
            due
        };
        due.saturating_sub(intended).as_secs_f64() * 1e3
    };
    plan.arrivals()
        .map(|arrival| response(arrival.intended.duration()))
        .collect()
}

#[test]
fn a_freeze_is_in_every_percentile_that_it_belongs_to_and_a_closed_loop_hides_it() {
    let expected = expected();
    // Side by side, each with a server of its own: together they leave both processors idle.
    let run = |arguments: &'static str| move || http(&freezing().serve().url(), arguments);
    let (open, closed) = thread::scope(|both| {
        let open = both.spawn(run("--rate 100/s --duration 10s --connections 200"));
        let closed = both.spawn(run("--duration 10s --connections 1"));
        (open.join().unwrap(), closed.join().unwrap())
    });
    assert_eq!(open.planned(), expected.len() as u64, "{open:?}");
    assert_eq!(open.outcome("ok"), open.planned(), "{open:?}");
    // A tenth is frozen: the p90 lies on the very edge and says nothing.
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
        let (is, should) = (open.response(name), percentile(&expected, share));
        assert!(
            (is - should).abs() <= should * 0.03 + SLACK_MS,
            "{name} is {is} ms, the plan says {should} ms: {open:?}"
        );
    }

    assert!(closed.planned() > 100, "{closed:?}");
    assert!(
        closed.response("max") > 900.0,
        "the freeze was there: {closed:?}"
    );
    let (hidden, shown) = (closed.response("p95"), open.response("p95"));
    assert!(
        hidden < shown / 3.0,
        "one connection at a time sees p95 {hidden} ms of {shown} ms: {closed:?}"
    );
}
