//! In-flight policies, ramps, pace and phases, against a test server with known behaviour. Whatever
//! the policy, every planned request ends in exactly one outcome.

use std::{sync::Arc, thread, time::Duration};

use shared::time::Millis;

use super::{
    open::even,
    server::{Paths, TestServer, setup, users},
};
use crate::{
    aggregator::TrialData,
    driver::{DriverOptions, run, run_with},
    flow::shop,
    sample::Outcome,
    suite::{InFlight, Policy, UserPhase, load::parse},
    units::Nanos,
};

const ONE: &Paths = &Paths(&["/"]);

/// 50 arrivals a second for two seconds at a server that takes 200 ms, with two users.
fn overload(in_flight: InFlight) -> TrialData {
    let server = TestServer {
        delay: Duration::from_millis(200),
        ..TestServer::default()
    };
    let mut setup = setup(server.serve(), even(50, 2_000), (0, 2_000), ONE);
    setup.max_users = 2;
    let options = DriverOptions {
        in_flight,
        ..DriverOptions::default()
    };
    let data = run_with(setup, &options).unwrap();
    assert!(data.conserved());
    data
}

#[test]
fn a_backlog_keeps_every_arrival_and_its_wait_is_response_time() {
    let data = overload(InFlight::default());
    assert_eq!(data.total.planned, 100);
    assert_eq!(data.total.count(Outcome::Dropped), 0);
    assert!(data.total.ok.max() > 1_000_000_000);
}

#[test]
fn a_dropped_arrival_is_planned_and_counts_as_a_failure() {
    let data = overload(InFlight {
        policy: Policy::Drop,
        max: None,
    });
    assert_eq!(data.total.planned, 100);
    let dropped = data.total.count(Outcome::Dropped);
    // Two users, five answers a second each.
    assert!((70..=90).contains(&dropped), "{dropped}");
    assert_eq!(data.total.count(Outcome::Ok) + dropped, 100);
    assert_eq!(data.total.response_slo("p50".parse().unwrap()), None);
    assert!(!data.interrupted && !data.overloaded);
}

#[test]
fn a_limit_above_the_users_lets_some_wait_before_it_drops() {
    let data = overload(InFlight {
        policy: Policy::Drop,
        max: Some(10),
    });
    assert!(data.max_outstanding <= 11, "{}", data.max_outstanding);
    assert!(data.total.count(Outcome::Dropped) > 50);
    assert!(data.total.ok.max() > 800_000_000);
}

#[test]
fn several_workers_have_together_as_many_users_as_are_allowed() {
    let server = TestServer {
        delay: Duration::from_millis(200),
        ..TestServer::default()
    };
    // Eight would be needed at a time.
    let mut setup = setup(server.serve(), even(40, 1_000), (0, 1_000), ONE);
    setup.timeout = Millis(10_000);
    (setup.max_users, setup.workers) = (5, 2);
    let data = run(setup).unwrap();
    assert_eq!(data.total.count(Outcome::Ok), 40, "{:?}", data.examples);
    assert_eq!(data.opened, [5]);
}

#[test]
fn an_overload_stops_the_run_and_does_not_count_as_interrupted() {
    let data = overload(InFlight {
        policy: Policy::Abort,
        max: Some(20),
    });
    assert!(data.overloaded && !data.interrupted);
    assert!(data.window_s() < 1.5, "{}", data.window_s());
    assert!(data.total.planned < 60);
}

fn closed(count: u32, ms: u64, options: &DriverOptions) -> TrialData {
    let server = TestServer {
        delay: Duration::from_millis(20),
        ..TestServer::default()
    };
    let load = users(count, ms, None, None);
    let data = run_with(setup(server.serve(), load, (0, ms), ONE), options).unwrap();
    assert!(data.conserved());
    data
}

/// A phase of a closed load, without a name.
fn user_phase(users: u32, ms: u64) -> UserPhase {
    UserPhase {
        name: String::new(),
        duration: Millis(ms),
        users,
        to: None,
        flows: Vec::new(),
    }
}

#[test]
fn users_start_and_stop_as_the_phases_say() {
    let phase = |name: &str, users, to| UserPhase {
        name: name.to_owned(),
        to,
        ..user_phase(users, 1_000)
    };
    let second = |number| (Nanos::from_secs(number), Nanos::from_secs(number + 1));
    let names = ["one", "rise", "ten"];
    let options = DriverOptions {
        ramp: vec![
            phase("one", 1, None),
            phase("rise", 1, Some(10)),
            phase("ten", 10, None),
        ],
        phases: (0..)
            .zip(names)
            .map(|(number, name)| (name.to_owned(), second(number).0, second(number).1))
            .collect(),
        ..DriverOptions::default()
    };
    let data = closed(10, 3_000, &options);
    let counts: Vec<u64> = data.phases.iter().map(|phase| phase.data.planned).collect();
    assert_eq!(data.phases[2].name, "ten");
    assert_eq!(counts.iter().sum::<u64>(), data.total.planned);
    assert!(data.phases.iter().all(|phase| phase.data.conserved()));
    assert!((20..=52).contains(&counts[0]), "{counts:?}");
    assert!(
        counts[1] > counts[0] * 2 && counts[2] > counts[1],
        "{counts:?}"
    );
}

#[test]
fn a_window_is_as_long_as_planned_also_where_no_phase_has_the_users_any_more() {
    // After its second iteration, or its first, the user would begin when no phase has it.
    for (ramp, iterations) in [
        (vec![user_phase(1, 1_000)], 2),
        (vec![user_phase(1, 300), user_phase(0, 700)], 1),
    ] {
        let load = users(1, 1_000, Some(600), None);
        let options = DriverOptions {
            ramp,
            ..DriverOptions::default()
        };
        let setup = setup(TestServer::default().serve(), load, (0, 1_000), ONE);
        let data = run_with(setup, &options).unwrap();
        assert!(data.conserved() && !data.interrupted);
        assert_eq!(data.total.planned, iterations);
        assert!((data.window_s() - 1.0).abs() < 1e-9, "{}", data.window_s());
    }
}

#[test]
fn a_user_that_a_phase_leaves_out_is_not_active_meanwhile() {
    let load = users(2, 3_500, Some(100), None);
    let setup = setup(TestServer::default().serve(), load, (0, 3_500), ONE);
    let options = DriverOptions {
        ramp: vec![user_phase(2, 500), user_phase(1, 2_500), user_phase(2, 500)],
        ..DriverOptions::default()
    };
    let progress = Arc::clone(&setup.progress);
    let seen = thread::spawn(move || {
        while progress.snapshot().at < Nanos::from_millis(1_500) {
            thread::sleep(Duration::from_millis(5));
        }
        progress.snapshot().users
    });
    assert!(run_with(setup, &options).unwrap().conserved());
    assert_eq!(seen.join().unwrap(), 1);
}

#[test]
fn a_phase_is_as_long_as_what_was_carried_out_of_it_where_the_load_ends_before_its_time() {
    let span = |name: &str, from: u64| {
        let (begin, end) = (Nanos::from_secs(from), Nanos::from_secs(from + 60));
        (name.to_owned(), begin, end)
    };
    let options = DriverOptions {
        iterations: Some(40),
        phases: vec![span("hold", 0), span("never", 60)],
        ..DriverOptions::default()
    };
    let data = closed(4, 120_000, &options);
    let [hold, never] = &data.phases[..] else {
        panic!("two phases")
    };
    assert_eq!((hold.data.planned, never.data.planned), (40, 0));
    // Forty answers of 20 ms each, four at a time.
    let seconds = hold.seconds(data.window);
    assert!((0.1..10.0).contains(&seconds), "{seconds}");
    assert!((seconds - data.window_s()).abs() < 1e-9, "{seconds}");
    assert!(never.seconds(data.window) < 1e-9);
}

#[test]
fn a_pause_sends_nothing_and_the_phase_behind_it_comes_on_time() {
    let text = "name: x\nflows: [ { flow: orders.buy } ]\nload:\n  model: open\n  arrivals: constant\n  phases:\n    - { name: before, duration: 1s, rate: 40/s }\n    - { name: pause, duration: 1s, rate: 0/s }\n    - { name: after, duration: 1s, rate: 20/s }\n";
    let suite = parse(text, "x.yaml", &shop()).unwrap();
    let nanos = |at: Millis| Nanos::from_millis(at.0);
    let spans = suite.phase_spans().into_iter();
    let options = DriverOptions {
        phases: spans
            .map(|(name, from, to)| (name, nanos(from), nanos(to)))
            .collect(),
        ..DriverOptions::default()
    };
    let setup = setup(TestServer::default().serve(), suite.load, (0, 3_000), ONE);
    let data = run_with(setup, &options).unwrap();
    assert!(data.conserved() && !data.interrupted);
    let planned = data.phases.iter().map(|phase| phase.data.planned);
    assert_eq!(planned.collect::<Vec<_>>(), [40, 0, 20]);
    let seconds = data.seconds.iter().map(|second| second.planned);
    assert_eq!(seconds.take(3).collect::<Vec<_>>(), [40, 0, 20]);
    assert_eq!((data.emitted, data.total.count(Outcome::Ok)), (60, 60));
}

#[test]
fn a_pause_at_the_end_is_waited_for() {
    let text = "name: x\nflows: [ { flow: orders.buy } ]\nload:\n  model: open\n  phases:\n    - { name: before, duration: 1s, rate: 20/s }\n    - { name: pause, duration: 2s, rate: 0/s }\n";
    let suite = parse(text, "x.yaml", &shop()).unwrap();
    let setup = setup(TestServer::default().serve(), suite.load, (0, 3_000), ONE);
    let began = std::time::Instant::now();
    let data = run_with(setup, &DriverOptions::default()).unwrap();
    assert!(began.elapsed() >= Duration::from_secs(3));
    assert!(data.conserved() && !data.interrupted);
}

#[test]
fn a_pace_counts_from_start_to_start() {
    let options = DriverOptions {
        pace: Some(Millis(250)),
        ..DriverOptions::default()
    };
    let data = closed(2, 2_000, &options);
    // The users start at 0 s and at 0.5 s: eight rounds at most each.
    assert!(
        (12..=16).contains(&data.total.planned),
        "{}",
        data.total.planned
    );
}
