//! Durations of whole iterations, against a test server with known behaviour.

use std::time::Duration;

use shared::time::Millis;

use super::{
    open::even,
    server::{Paths, TestServer, setup},
    web_socket::{Script, driven},
};
use crate::{
    aggregator::{OpData, TrialData},
    check::status,
    driver::run,
    flow::FlowFuture,
    request::Request,
    sample::{OpId, Outcome},
};

fn only(data: &TrialData) -> &OpData {
    assert_eq!(data.flows.len(), 1);
    data.flows.values().next().unwrap()
}

#[test]
fn an_iteration_takes_as_long_as_its_requests_one_after_the_other() {
    let server = TestServer {
        delay: Duration::from_millis(30),
        ..TestServer::default()
    };
    let flow: &Paths = &Paths(&["/", "/", "/"]);
    let data = run(setup(server.serve(), even(50, 1_000), (0, 1_000), flow)).unwrap();
    let iterations = only(&data);
    assert_eq!(
        (iterations.planned, iterations.count(Outcome::Ok)),
        (50, 50)
    );
    let p50 = iterations.response_slo("p50".parse().unwrap()).unwrap();
    assert!((89.0..150.0).contains(&p50.as_ms()), "{p50:?}");
}

#[test]
fn an_iteration_fails_with_its_first_failed_request() {
    let flow: &Paths = &Paths(&["/", "/refuse", "/"]);
    let load = even(50, 400);
    let data = run(setup(TestServer::default().serve(), load, (0, 400), flow)).unwrap();
    let iterations = only(&data);
    assert_eq!((iterations.planned, iterations.failures()), (20, 20));
    assert!(iterations.ok.is_empty());
}

#[test]
fn an_iteration_fails_with_a_request_that_has_no_answer_and_the_next_one_does_not() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            let path = ["/reset", "/"][it.arrival as usize % 2];
            it.call(OpId(0), Request::get(path), |reply| status(reply, 200))
                .await;
        })
    });
    let data = driven(4, &FLOW);
    let iterations = only(&data);
    let count = |outcome| iterations.count(outcome);
    assert_eq!((count(Outcome::Reset), count(Outcome::Ok)), (2, 2));
}

#[test]
fn iterations_under_way_at_the_end_of_the_drain_are_aborted() {
    let flow: &Paths = &Paths(&["/", "/never"]);
    let mut setup = setup(TestServer::default().serve(), even(50, 400), (0, 400), flow);
    setup.drain = Millis(300);
    setup.max_users = 5;
    let data = run(setup).unwrap();
    let iterations = only(&data);
    assert_eq!(iterations.planned, 20);
    assert_eq!(iterations.count(Outcome::AbortedAtDrain), 20);
}
