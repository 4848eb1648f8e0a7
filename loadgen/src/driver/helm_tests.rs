//! A load that a person changes while it is under way, against a server whose truth is known.
//! Nothing here is held against the wall clock: the wish comes when so much has been offered.

use std::{sync::Arc, thread, time::Duration};

use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::{
    Helm, Options, Progress, Setup, run_with,
    truth::{Paths, Truth, setup},
};
use crate::{
    aggregator::TrialData,
    events::{Steerable, Steering, Wish},
    schedule::Onward,
    suite::{Arrivals, LoadModel, Phase},
    units::Nanos,
};

const ONE: &Paths = &Paths(&["/"]);

/// Runs, and wishes as soon as so many iterations were offered.
fn steered(setup: Setup, steerable: Steerable, wishes: Vec<(u64, Wish)>) -> TrialData {
    let steering = Steering::new(CancellationToken::new());
    let onward = matches!(steerable, Steerable::Rate { .. })
        .then(|| Onward::new(Arrivals::Constant, &[1.0], Nanos::from_secs(3), 7).unwrap());
    steering.begin(steerable);
    let options = Options {
        helm: Some(Helm::new(steering.wishes(), onward)),
        ..Options::default()
    };
    let progress: Arc<Progress> = Arc::clone(&setup.progress);
    let hand = thread::spawn(move || {
        for (offered, wish) in wishes {
            while progress.snapshot().offered < offered {
                thread::sleep(Duration::from_millis(5));
            }
            steering.wish(wish).unwrap();
        }
    });
    let data = run_with(setup, &options).unwrap();
    hand.join().unwrap();
    data
}

/// An open load of three seconds.
fn twenty_a_second() -> Setup {
    let load = LoadModel::Open {
        phases: vec![Phase {
            name: String::new(),
            duration: Millis(3_000),
            rate: "20/s".parse().unwrap(),
            to: None,
        }],
        arrivals: Arrivals::Constant,
    };
    setup(Truth::default().serve(), load, (0, 3_000), ONE)
}

#[test]
fn an_open_load_goes_on_at_the_rate_that_is_wished_for() {
    let setup = twenty_a_second();
    let most = 1_000.0;
    let data = steered(
        setup,
        Steerable::Rate { now: 20.0, most },
        vec![(10, Wish::Rate(300.0))],
    );
    // Ten in the first half second; some 2.5 s at 300/s follow, less what a late wish costs.
    let planned = data.total.planned;
    assert!((200..=770).contains(&planned), "{planned}");
    assert!(data.conserved() && !data.interrupted);
    assert_eq!((data.planned_arrivals, data.emitted), (planned, planned));
    assert_eq!(data.changes.len(), 1);
    assert_eq!(data.changes[0].1, "rate 300/s");
}

#[test]
fn a_load_that_was_let_run_out_can_be_raised_again() {
    let setup = twenty_a_second();
    let most = 1_000.0;
    // At a tenth a second one arrival comes at once, the next would lie behind the end.
    let data = steered(
        setup,
        Steerable::Rate { now: 20.0, most },
        vec![(10, Wish::Rate(0.1)), (11, Wish::Rate(300.0))],
    );
    assert!(data.conserved() && !data.interrupted);
    let told: Vec<&str> = data.changes.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(told.last(), Some(&"rate 300/s"));
    assert!(data.total.planned > 150, "{}", data.total.planned);
}

#[test]
fn users_come_and_go_as_they_are_wished_for() {
    let truth = Truth {
        delay: Duration::from_millis(20),
        ..Truth::default()
    };
    let load = LoadModel::Closed {
        users: 2,
        duration: Millis(3_000),
        think: None,
        iterations: None,
    };
    let setup = setup(truth.serve(), load, (0, 3_000), ONE);
    let wishes = vec![(20, Wish::Users(12)), (200, Wish::Users(1))];
    let data = steered(setup, Steerable::Users { now: 2, most: 50 }, wishes);
    assert!(data.conserved());
    assert!(
        (10..=12).contains(&data.max_outstanding),
        "{}",
        data.max_outstanding
    );
    // Twelve users take a third of a second for 200; one takes all that is left for 120 at most.
    let (planned, told) = (data.total.planned, &data.changes);
    assert!((200..=420).contains(&planned), "{planned}");
    let told: Vec<&str> = told.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(told, ["12 users", "1 user"]);
}
