//! Every misbehaviour is counted under its own name, none is lost, and none makes a percentile
//! better.

use std::{thread, time::Duration};

use crate::support::{Answer, Answers, KnownServer, Ran, http, percentile};

const LOAD: &str = "--rate 200/s --duration 1s --connections 400 --timeout 1s";

/// Every fourth request is answered so.
fn one_in_four(answer: Answers) -> Ran {
    let server = KnownServer {
        answer,
        ..KnownServer::after(Duration::from_millis(5))
    }
    .serve();
    http(&server.url(), LOAD)
}

macro_rules! fourth {
    ($answer:expr) => {
        |number| {
            if number % 4 == 3 {
                $answer
            } else {
                Answer::Right
            }
        }
    };
}

/// Each `(what, how it answers, the outcome of a fourth of the requests)`.
const MISBEHAVIOUR: [(&str, Answers, &str); 6] = [
    ("a wrong status", fourth!(Answer::Fast(404)), "http_error"),
    ("a fast 503", fourth!(Answer::Fast(503)), "http_error"),
    ("a reset", fourth!(Answer::Reset), "reset"),
    ("half a body", fourth!(Answer::Partial), "reset"),
    ("silence", fourth!(Answer::Never), "timeout"),
    ("a slow body", fourth!(Answer::Slow), "ok"),
];

#[test]
fn every_misbehaviour_is_counted_under_its_own_outcome_and_nothing_is_lost() {
    for (what, answer, word) in MISBEHAVIOUR {
        let ran = one_in_four(answer);
        assert_eq!(ran.planned(), 200, "{what}");
        assert_eq!(ran.settled(), 200, "{what}: {ran:?}");
        let wrong = if word == "ok" { 0 } else { 50 };
        assert_eq!(ran.outcome("ok"), 200 - wrong, "{what}: {ran:?}");
        if wrong > 0 {
            assert_eq!(ran.outcome(word), wrong, "{what}: {ran:?}");
        }
    }
}

#[test]
fn a_wrong_status_is_also_counted_by_its_number() {
    let ran = one_in_four(fourth!(Answer::Fast(503)));
    assert_eq!(ran.figures["statuses"]["503"], 50, "{ran:?}");
    assert_eq!(ran.figures["statuses"]["200"], 150, "{ran:?}");
}

#[test]
fn who_does_not_listen_any_more_is_counted_as_no_connection() {
    // The first connection is the check whether the target answers.
    let server = KnownServer {
        connections: Some(51),
        ..KnownServer::after(Duration::from_millis(5))
    }
    .serve();
    let ran = http(&server.url(), LOAD);
    assert_eq!(ran.settled(), ran.planned(), "{ran:?}");
    assert_eq!(ran.outcome("ok"), 50, "{ran:?}");
    assert_eq!(ran.outcome("connect"), 150, "{ran:?}");
}

/// Request `n` takes so many milliseconds where it is not refused.
fn delay_ms(number: usize) -> u64 {
    5 + number as u64 % 100
}

#[test]
fn a_target_that_refuses_its_slowest_requests_at_once_gets_no_percentile_better() {
    // The server's own program is what the same load sees at least where nothing is refused:
    // a disturbance can only make a response longer.
    let without: Vec<f64> = (0..800).map(|number| delay_ms(number) as f64).collect();
    let shares: [(Answers, u64); 3] = [
        (|_| Answer::Right, 0),
        // Half a percent.
        (
            |number| {
                if number % 200 == 199 {
                    Answer::Fast(503)
                } else {
                    Answer::Right
                }
            },
            4,
        ),
        // A fifth: left out of the account, they would take 18 ms off the p90; taken for fast
        // answers, 20 ms off the p50.
        (
            |number| {
                if number % 100 >= 80 {
                    Answer::Fast(503)
                } else {
                    Answer::Right
                }
            },
            160,
        ),
    ];
    let holds = |answer: Answers, refused: u64| {
        let server = KnownServer {
            delay: Box::new(|number| Duration::from_millis(delay_ms(number))),
            answer,
            ..KnownServer::default()
        }
        .serve();
        let ran = http(
            &server.url(),
            "--rate 200/s --poisson --seed 3 --duration 4s --connections 200",
        );
        assert_eq!(ran.outcome("http_error"), refused, "{ran:?}");
        assert_eq!(ran.outcome("ok"), 800 - refused, "{ran:?}");
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("max", 1.0)] {
            let (is, least) = (ran.response(name), percentile(&without, share));
            // A bucket is 0.1 % wide.
            assert!(
                is >= least * 0.999,
                "{refused} failures: {name} {is} ms, {least} ms without any: {ran:?}"
            );
        }
        assert_eq!(ran.response("max").is_infinite(), refused > 0, "{ran:?}");
    };
    // Side by side: whatever one does to the others makes their responses longer.
    thread::scope(|all| {
        for (answer, refused) in shares {
            let holds = &holds;
            all.spawn(move || holds(answer, refused));
        }
    });
}
