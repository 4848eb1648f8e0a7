//! A queue with one server and random service times (M/M/1): the program's percentiles are
//! those of the queue that really was, by the server's own log.

use std::{thread, time::Duration};

use rand::RngExt as _;

use loadgen_stats::seed;

use crate::support::{KnownServer, http, percentile};

/// Mean service time. Long against a timer's millisecond, so that 3 % is more than noise.
const SERVICE: f64 = 0.025;
/// Reading and waking up on both sides, which no clock of the server's own can see, while other
/// programs want the same cores.
const SLACK_MS: f64 = 2.0;

fn holds_at(utilization: f64) {
    let mut chance = seed::rng(20_261_121);
    let times: Vec<Duration> = (0..2_000)
        .map(|_| Duration::from_secs_f64(-SERVICE * (1.0 - chance.random::<f64>()).ln()))
        .collect();
    let server = KnownServer {
        delay: Box::new(move |number| times[number]),
        queue: true,
        ..KnownServer::default()
    }
    .serve();
    let rate = utilization / SERVICE;
    let ran = http(
        &server.url(),
        &format!("--rate {rate}/s --poisson --seed 5 --duration 14s --connections 300"),
    );
    assert_eq!(ran.outcome("ok"), ran.planned(), "{ran:?}");
    let real: Vec<f64> = server
        .log
        .exchanges()
        .iter()
        .map(|one| one.departed.saturating_sub(one.arrived).as_secs_f64() * 1e3)
        .collect();
    assert_eq!(real.len() as u64, ran.planned());
    // There was a queue: with no waiting, the mean would be that of the service times.
    let mean = real.iter().sum::<f64>() / real.len() as f64;
    assert!(mean > 1.3 * SERVICE * 1e3, "mean {mean} ms");
    for (name, should) in [
        ("p50", percentile(&real, 0.5)),
        ("p90", percentile(&real, 0.9)),
        ("p95", percentile(&real, 0.95)),
        ("max", percentile(&real, 1.0)),
        ("mean", mean),
    ] {
        let is = ran.response(name);
        assert!(
            (is - should).abs() <= should * 0.03 + SLACK_MS,
            "utilization {utilization}: {name} is {is} ms, the queue's own is {should} ms"
        );
    }
}

#[test]
fn the_percentiles_of_a_half_busy_queue_and_of_a_busy_one_are_those_of_their_own_logs() {
    // Side by side: twenty and twenty-eight requests a second leave both processors idle.
    thread::scope(|both| {
        for utilization in [0.5, 0.7] {
            both.spawn(move || holds_at(utilization));
        }
    });
}
