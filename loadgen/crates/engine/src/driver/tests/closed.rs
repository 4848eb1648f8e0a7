//! The closed model, and what it cannot measure, against a test server with known behaviour.

use std::{sync::Mutex, time::Duration};

use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::{
    server::{Paths, TestServer, setup, users},
    web_socket::Script,
};
use crate::{
    driver::{DriverOptions, run, run_with},
    flow::FlowFuture,
    sample::Outcome,
};

const ONE: &Paths = &Paths(&["/"]);

#[test]
fn a_closed_loop_hides_the_freeze_that_an_open_one_shows() {
    // The one user waits for the freeze once; no other user waits.
    let server = TestServer {
        delay: Duration::from_millis(5),
        freeze: Some((Duration::from_secs(1), Duration::from_millis(1_500))),
        ..TestServer::default()
    };
    let data = run(setup(
        server.serve(),
        users(1, 3_000, None, None),
        (0, 3_000),
        ONE,
    ))
    .unwrap();
    assert!(data.conserved());
    assert!(data.total.planned > 150);
    let p99 = data.total.response_slo("p99".parse().unwrap()).unwrap();
    assert!(p99.as_ms() < 100.0, "{p99:?}");
    let slow = data.total.ok.max() as f64 / 1e6;
    assert!((400.0..600.0).contains(&slow), "{slow}");
}

#[test]
fn users_think_between_iterations_and_the_wait_is_not_response_time() {
    let server = TestServer {
        delay: Duration::from_millis(10),
        ..TestServer::default()
    };
    let load = users(10, 2_000, Some(90), None);
    let data = run(setup(server.serve(), load, (1_000, 1_000), ONE)).unwrap();
    // Ten users, 100 ms a round, one second.
    assert!(
        (80..=102).contains(&data.total.planned),
        "{}",
        data.total.planned
    );
    assert_eq!(data.planned_arrivals, data.total.planned);
    let p50 = data
        .total
        .response_slo("p50".parse().unwrap())
        .unwrap()
        .as_ms();
    assert!((9.5..25.0).contains(&p50), "{p50}");
}

#[test]
fn users_that_think_do_not_start_together() {
    let load = users(60, 4_000, Some(2_000), None);
    let data = run(setup(
        TestServer::default().serve(),
        load,
        (3_000, 1_000),
        ONE,
    ))
    .unwrap();
    let planned: Vec<u64> = data.seconds.iter().map(|second| second.planned).collect();
    // Sixty users with a pause of two seconds are thirty requests in any second, the first included.
    assert!(
        planned.iter().all(|count| (20..=40).contains(count)),
        "{planned:?}"
    );
}

#[test]
fn a_user_ends_after_its_iterations() {
    let load = users(3, 60_000, None, Some(4));
    let data = run(setup(TestServer::default().serve(), load, (0, 60_000), ONE)).unwrap();
    assert_eq!(data.total.count(Outcome::Ok), 12);
    assert!(data.conserved() && !data.interrupted);
}

#[test]
fn stopping_wakes_the_users_in_their_think_time() {
    let load = users(4, 60_000, Some(50_000), None);
    let setup = setup(TestServer::default().serve(), load, (0, 60_000), ONE);
    let stop = setup.stop.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1_500));
        stop.cancel();
    });
    let begun = std::time::Instant::now();
    let data = run(setup).unwrap();
    stopper.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(data.interrupted && data.conserved());
    assert_eq!(data.total.planned, 4);
}

#[test]
fn a_number_of_iterations_ends_the_window_with_the_last_one_and_not_with_the_pauses_after_it() {
    let load = users(2, 60_000, Some(3_000), None);
    let setup = setup(TestServer::default().serve(), load, (0, 60_000), ONE);
    let options = DriverOptions {
        iterations: Some(2),
        ..DriverOptions::default()
    };
    // The users begin within the first second. Each finds out after its pause that no iteration is left.
    let data = run_with(setup, &options).unwrap();
    assert!(data.conserved() && !data.interrupted);
    assert_eq!(data.total.count(Outcome::Ok), 2);
    assert!((0.1..2.0).contains(&data.window_s()), "{}", data.window_s());
}

#[test]
fn a_pause_beyond_the_end_of_the_load_is_not_waited_for() {
    let load = users(2, 400, Some(600_000), None);
    let mut setup = setup(TestServer::default().serve(), load, (0, 400), ONE);
    setup.drain = Millis(60_000);
    let begun = std::time::Instant::now();
    let data = run(setup).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(!data.interrupted && data.conserved());
    assert!((data.window_s() - 0.4).abs() < 1e-9, "{}", data.window_s());
    assert_eq!(data.total.planned, 2);
}

#[test]
fn a_stop_that_the_last_user_sees_first_is_an_interruption() {
    static STOP: Mutex<Option<CancellationToken>> = Mutex::new(None);
    static FLOW: Script = Script(|_| {
        FlowFuture::new(async {
            if let Some(stop) = STOP.lock().unwrap().take() {
                stop.cancel();
            }
        })
    });
    // Who sees it first is left to chance.
    for round in 0..20 {
        let setup = setup(
            TestServer::default().serve(),
            users(1, 60_000, Some(50_000), None),
            (0, 60_000),
            &FLOW,
        );
        *STOP.lock().unwrap() = Some(setup.stop.clone());
        let data = run(setup).unwrap();
        assert!(data.interrupted, "round {round}");
    }
}

#[test]
fn a_user_whose_flow_sends_nothing_neither_spins_nor_hangs() {
    let flow: &Paths = &Paths(&[]);
    let load = users(2, 500, None, None);
    let data = run(setup(TestServer::default().serve(), load, (0, 500), flow)).unwrap();
    assert_eq!(data.total.planned, 0);
    assert!((10..200).contains(&data.emitted), "{}", data.emitted);
}
