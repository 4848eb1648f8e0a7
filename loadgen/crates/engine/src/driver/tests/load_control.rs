//! A load that is changed while it runs, against a test server with known behaviour.
//! Nothing here depends on the wall clock: an event is sent after a number of offered iterations.

use std::{sync::Arc, thread, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    open::even,
    server::{Paths, TestServer, setup, users},
};
use crate::{
    aggregator::TrialData,
    driver::{ControlReceiver, DriverOptions, DriverSetup, Progress, run_with},
    load_control::{Adjustable, ControlEvent, LoadControl},
    schedule::{FlowMixes, Replanner},
    suite::Arrivals,
    units::Nanos,
};

const ONE: &Paths = &Paths(&["/"]);

/// Runs a load, and sends each event as soon as that many iterations were offered.
fn controlled(
    setup: DriverSetup,
    adjustable: Adjustable,
    events: Vec<(u64, ControlEvent)>,
) -> TrialData {
    let control = LoadControl::new(CancellationToken::new());
    let replanner = matches!(adjustable, Adjustable::Rate { .. }).then(|| {
        Replanner::new(
            Arrivals::Constant,
            FlowMixes::constant(&[1.0]).unwrap(),
            Nanos::from_secs(3),
            7,
        )
    });
    control.begin(adjustable);
    let options = DriverOptions {
        control: Some(ControlReceiver::new(control.events(), replanner)),
        ..DriverOptions::default()
    };
    let progress: Arc<Progress> = Arc::clone(&setup.progress);
    let sender = thread::spawn(move || {
        for (offered, event) in events {
            while progress.snapshot().offered < offered {
                thread::sleep(Duration::from_millis(5));
            }
            control.apply(event).unwrap();
        }
    });
    let data = run_with(setup, &options).unwrap();
    sender.join().unwrap();
    data
}

/// An open load of three seconds.
fn twenty_a_second() -> DriverSetup {
    let load = even(20, 3_000);
    setup(TestServer::default().serve(), load, (0, 3_000), ONE)
}

#[test]
fn an_open_load_continues_at_the_requested_rate() {
    let setup = twenty_a_second();
    let most = 1_000.0;
    let data = controlled(
        setup,
        Adjustable::Rate { now: 20.0, most },
        vec![(10, ControlEvent::Rate(300.0))],
    );
    // Ten in the first half second; some 2.5 s at 300/s follow, less the time until the event arrives.
    let planned = data.total.planned;
    assert!((200..=770).contains(&planned), "{planned}");
    assert!(data.conserved() && !data.interrupted);
    assert_eq!((data.planned_arrivals, data.emitted), (planned, planned));
    assert_eq!(data.changes.len(), 1);
    assert_eq!(data.changes[0].1, "rate 300/s");
}

#[test]
fn a_load_whose_arrivals_have_run_out_can_be_raised_again() {
    let setup = twenty_a_second();
    let most = 1_000.0;
    // At a tenth a second one arrival is due at once, the next would be after the end.
    let data = controlled(
        setup,
        Adjustable::Rate { now: 20.0, most },
        vec![
            (10, ControlEvent::Rate(0.1)),
            (11, ControlEvent::Rate(300.0)),
        ],
    );
    assert!(data.conserved() && !data.interrupted);
    let changes: Vec<&str> = data.changes.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(changes.last(), Some(&"rate 300/s"));
    assert!(data.total.planned > 150, "{}", data.total.planned);
}

#[test]
fn users_start_and_stop_as_requested() {
    let server = TestServer {
        delay: Duration::from_millis(20),
        ..TestServer::default()
    };
    let load = users(2, 3_000, None, None);
    let setup = setup(server.serve(), load, (0, 3_000), ONE);
    let events = vec![(20, ControlEvent::Users(12)), (200, ControlEvent::Users(1))];
    let data = controlled(setup, Adjustable::Users { now: 2, most: 50 }, events);
    assert!(data.conserved());
    assert!(
        (10..=12).contains(&data.max_outstanding),
        "{}",
        data.max_outstanding
    );
    // Twelve users take a third of a second for 200; one takes all that is left for 120 at most.
    let planned = data.total.planned;
    assert!((200..=420).contains(&planned), "{planned}");
    let changes: Vec<&str> = data.changes.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(changes, ["12 users", "1 user"]);
}

#[test]
fn a_user_that_is_wanted_no_more_after_its_pause_does_not_begin() {
    let load = users(4, 4_000, Some(2_000), None);
    // All four begin within the first second, and are in their pauses when three are wanted no more.
    let setup = setup(TestServer::default().serve(), load, (0, 4_000), ONE);
    let events = vec![(4, ControlEvent::Users(1))];
    let data = controlled(setup, Adjustable::Users { now: 4, most: 4 }, events);
    assert!(data.conserved() && !data.interrupted);
    // The one that stays begins once more.
    assert_eq!(data.total.planned, 5);
}
