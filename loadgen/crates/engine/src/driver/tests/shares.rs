//! Two processes that each generate a part of a load: what they send together, and that both begin at one
//! instant.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    open::even,
    server::{Paths, TestServer, setup, users},
};
use crate::{
    aggregator::TrialData,
    driver::{DriverError, DriverOptions, run_with},
    flow::Flow,
    sample::Outcome,
    schedule::LoadShare,
    suite::LoadModel,
};

const ONE: &Paths = &Paths(&["/"]);

/// Both parts of a load, as if each were in a process of its own.
fn both(load: &LoadModel, ms: u64, flow: &'static dyn Flow) -> Vec<TrialData> {
    let address = TestServer::default().serve();
    let start = Instant::now() + Duration::from_millis(200);
    let parts: Vec<_> = (0..2)
        .map(|index| {
            let setup = setup(address, load.clone(), (0, ms), flow);
            let options = DriverOptions {
                share: LoadShare::new(index, 2).unwrap(),
                start: Some(start),
                ..DriverOptions::default()
            };
            thread::spawn(move || run_with(setup, &options).unwrap())
        })
        .collect();
    let data = parts.into_iter().map(|part| part.join().unwrap()).collect();
    assert!(Instant::now() > start, "nothing is sent before the start");
    data
}

#[test]
fn two_parts_of_an_open_load_send_exactly_its_arrivals() {
    let parts = both(&even(101, 1_000), 1_000, ONE);
    assert_eq!((parts[0].emitted, parts[1].emitted), (51, 50));
    let epochs = (parts[0].started_at, parts[1].started_at);
    let later = epochs.0.max(epochs.1);
    let apart = later.duration_since(epochs.0.min(epochs.1)).unwrap();
    assert!(apart < Duration::from_millis(50), "{apart:?}");
    let joined = TrialData::join(epochs.0, parts).unwrap();
    assert_eq!((joined.planned_arrivals, joined.emitted), (101, 101));
    assert_eq!(joined.total.planned, 101);
    assert_eq!(
        joined.total.count(Outcome::Ok),
        101,
        "{:?}",
        joined.examples
    );
    assert!(joined.conserved() && !joined.interrupted);
    // Every arrival of the plan, each taken by one of both.
    let taken: Vec<u64> = joined.taken.iter().map(|(at, _)| at.0).collect();
    let planned: Vec<u64> = (0..101).map(|k| k * 1_000_000_000 / 101).collect();
    assert_eq!(taken, planned);
}

#[test]
fn two_parts_of_a_closed_load_have_its_users_between_them() {
    let load = users(5, 1_000, None, Some(3));
    let parts = both(&load, 1_000, ONE);
    assert_eq!((parts[0].total.planned, parts[1].total.planned), (9, 6));
    let joined = TrialData::join(parts[0].started_at, parts).unwrap();
    assert_eq!(joined.total.planned, 15);
    assert!(joined.conserved());
}

#[test]
fn a_start_that_has_passed_is_refused() {
    let setup = setup(([127, 0, 0, 1], 1).into(), even(10, 1_000), (0, 1_000), ONE);
    let options = DriverOptions {
        start: Some(Instant::now()),
        ..DriverOptions::default()
    };
    thread::sleep(Duration::from_millis(2));
    let refused = run_with(setup, &options);
    assert!(matches!(refused, Err(DriverError::Setup(why)) if why.contains("has passed")));
}
