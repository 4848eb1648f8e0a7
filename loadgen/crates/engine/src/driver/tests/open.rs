//! The open model against a test server with known behaviour.

use shared::timing::{ServerCount, ServerPart};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use shared::time::Millis;

use super::{
    server::{Paths, TestServer, setup},
    web_socket::Script,
};
use crate::{
    aggregator::TrialData,
    driver::{DriverError, run},
    flow::{Flow, FlowFuture, Iteration, UserMemory},
    sample::{OpId, Outcome},
    suite::{Arrivals, LoadModel, Phase},
    units::{Quantile, Rate},
};

pub(super) fn even(rate: u32, ms: u64) -> LoadModel {
    LoadModel::Open {
        phases: vec![Phase::level(
            format!("{rate}/s").parse().unwrap(),
            Millis(ms),
        )],
        arrivals: Arrivals::Constant,
    }
}

fn response_ms(data: &TrialData, quantile: &str) -> f64 {
    let quantile: Quantile = quantile.parse().unwrap();
    data.total.response_slo(quantile).unwrap().as_ms()
}

const ONE: &Paths = &Paths(&["/"]);

#[test]
fn a_frozen_server_shows_in_the_response_of_everyone_who_had_to_wait() {
    // 0.5 s frozen in 5 s at 100/s: one in ten waits, evenly from 0 to 0.5 s. So p90 is what the
    // server needs, p95 half of the freeze, p99 nine tenths of it.
    let server = TestServer {
        freeze: Some((Duration::from_secs(2), Duration::from_millis(2_500))),
        ..TestServer::default()
    };
    let data = run(setup(server.serve(), even(100, 5_000), (0, 5_000), ONE)).unwrap();
    assert!(data.conserved() && !data.interrupted);
    assert_eq!(
        (data.planned_arrivals, data.emitted, data.total.planned),
        (500, 500, 500)
    );
    assert_eq!(data.total.count(Outcome::Ok), 500, "{:?}", data.examples);
    let at = |quantile| response_ms(&data, quantile);
    println!("lag {} ms, {:?}", data.lag.max() / 1_000_000, data.seconds);
    assert!(at("p85") < 80.0, "{}", at("p85"));
    let (p95, p99) = (at("p95"), at("p99"));
    assert!((200.0..350.0).contains(&p95), "{p95}");
    assert!((420.0..550.0).contains(&p99), "{p99}");
    // Little's law: the area kept by counting is the sum kept by the samples.
    let ratio = data.outstanding_area as f64 / data.response_sum as f64;
    assert!((0.98..1.02).contains(&ratio), "{ratio}");
    assert_eq!(
        data.seconds
            .iter()
            .map(|second| second.planned)
            .sum::<u64>(),
        500
    );
    assert_eq!(data.total.cost.counts[ServerCount::Queries], 1_000);
    assert_eq!(data.total.cost.us[ServerPart::Db], 750_000);
}

#[test]
fn waiting_for_a_free_user_counts_from_the_intended_start() {
    // One user, 20 ms an answer, 100/s: the queue grows by half a second every second.
    let server = TestServer {
        delay: Duration::from_millis(20),
        ..TestServer::default()
    };
    let mut setup = setup(server.serve(), even(100, 1_000), (0, 1_000), ONE);
    setup.max_users = 1;
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!(data.total.count(Outcome::Ok), 100, "{:?}", data.examples);
    assert!(response_ms(&data, "p50") > 400.0);
    let service = data.total.service("p50".parse().unwrap()).unwrap();
    assert!((18.0..60.0).contains(&service.as_ms()), "{service:?}");
    assert!(data.max_outstanding > 40, "{}", data.max_outstanding);
}

#[test]
fn every_request_ends_in_one_outcome_however_the_server_misbehaves() {
    let cases: [(&Paths, Outcome); 5] = [
        (&Paths(&["/reset"]), Outcome::Reset),
        (&Paths(&["/refuse"]), Outcome::HttpError),
        (&Paths(&["/never"]), Outcome::Timeout),
        (&Paths(&["/slow/50"]), Outcome::Ok),
        (&Paths(&["/slow/700"]), Outcome::Timeout),
    ];
    let address = TestServer::default().serve();
    for (paths, outcome) in cases {
        let mut setup = setup(address, even(50, 600), (200, 400), paths);
        setup.timeout = Millis(500);
        let data = run(setup).unwrap();
        assert!(data.conserved());
        assert_eq!(data.total.planned, 20);
        assert_eq!(
            data.total.count(outcome),
            20,
            "{paths:?}: {:?}",
            data.examples
        );
        if outcome != Outcome::Ok {
            assert_eq!(data.total.response_slo("p1".parse().unwrap()), None);
            assert_eq!(
                data.examples.iter().map(|(.., count)| count).sum::<u64>(),
                20
            );
        }
    }
}

#[test]
fn a_refused_connection_is_a_failed_request_and_not_an_error_of_the_driver() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let data = run(setup(address, even(50, 400), (0, 400), ONE)).unwrap();
    assert!(data.conserved());
    assert_eq!(data.total.count(Outcome::Connect), 20);
}

#[test]
fn requests_open_at_the_end_of_the_drain_are_recorded_as_aborted() {
    let flow: &Paths = &Paths(&["/never"]);
    let mut setup = setup(TestServer::default().serve(), even(50, 400), (0, 400), flow);
    setup.drain = Millis(300);
    setup.max_users = 5;
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!(data.total.planned, 20);
    assert_eq!(
        data.total.count(Outcome::AbortedAtDrain),
        20,
        "{:?}",
        data.examples
    );
    assert_eq!(data.outstanding_at_window_end, 20);
}

#[test]
fn a_connection_that_the_server_closes_while_idle_costs_no_request() {
    let server = TestServer {
        answers_a_connection: Some(1),
        ..TestServer::default()
    };
    let data = run(setup(server.serve(), even(20, 1_000), (0, 1_000), ONE)).unwrap();
    assert_eq!(data.total.count(Outcome::Ok), 20, "{:?}", data.examples);
}

#[test]
fn later_operations_of_an_iteration_start_when_the_one_before_is_done() {
    let server = TestServer {
        delay: Duration::from_millis(30),
        ..TestServer::default()
    };
    let flow: &Paths = &Paths(&["/", "/", "/refuse", "/"]);
    let data = run(setup(server.serve(), even(50, 1_000), (0, 1_000), flow)).unwrap();
    assert!(data.conserved());
    let of = |op| &data.ops[&OpId(op)];
    assert_eq!(of(0).count(Outcome::Ok), 50);
    assert_eq!(of(2).statuses[&503], of(2).planned);
    assert!(
        !data.ops.contains_key(&OpId(3)),
        "a flow ends with its first failure"
    );
    for op in [0, 1] {
        let p50 = of(op).response_slo("p50".parse().unwrap()).unwrap().as_ms();
        assert!((29.0..60.0).contains(&p50), "{op}: {p50}");
    }
}

#[test]
fn a_stopped_trial_ends_soon_and_keeps_its_measurements() {
    let setup = setup(
        TestServer::default().serve(),
        even(100, 60_000),
        (0, 60_000),
        ONE,
    );
    let (stop, progress) = (setup.stop.clone(), setup.progress.clone());
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(600));
        stop.cancel();
    });
    let data = run(setup).unwrap();
    stopper.join().unwrap();
    assert!(data.interrupted && data.conserved());
    assert!((0.3..2.0).contains(&data.window_s()), "{}", data.window_s());
    assert!(data.total.planned > 20 && data.total.failures() == 0);
    assert_eq!(data.planned_arrivals, data.emitted);
    let seen = progress.snapshot();
    assert_eq!((seen.total.count(), seen.open), (data.total.planned, 0));
}

#[test]
fn a_load_that_is_stopped_after_its_last_arrival_is_interrupted() {
    let phase = |rate, ms| Phase::level(Rate::or_zero(rate).unwrap(), Millis(ms));
    let load = LoadModel::Open {
        phases: vec![phase("100/s", 200), phase("0/s", 59_800)],
        arrivals: Arrivals::Constant,
    };
    let setup = setup(TestServer::default().serve(), load, (0, 60_000), ONE);
    let stop = setup.stop.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(600));
        stop.cancel();
    });
    let data = run(setup).unwrap();
    stopper.join().unwrap();
    assert!(data.interrupted && data.conserved());
    assert!(
        (0.3..30.0).contains(&data.window_s()),
        "{}",
        data.window_s()
    );
    assert_eq!((data.planned_arrivals, data.total.planned), (20, 20));
}

/// A flow whose first user cannot be made.
#[derive(Default)]
struct FirstUserPanics(AtomicBool);

impl Flow for FirstUserPanics {
    fn name(&self) -> &'static str {
        "test.panics"
    }
    fn operations(&self) -> &[OpId] {
        &[OpId(0)]
    }
    fn new_user(&self) -> UserMemory {
        assert!(self.0.swap(true, Relaxed), "the planted panic");
        Box::new(())
    }
    fn run<'a>(&'a self, _: Iteration<'a>) -> FlowFuture<'a> {
        FlowFuture::new(async {})
    }
}

#[test]
fn no_worker_goes_on_where_another_one_has_failed() {
    let flow: Arc<dyn Flow> = Arc::new(FirstUserPanics::default());
    let address = "127.0.0.1:9".parse().unwrap();
    let mut setup = setup(address, even(50, 60_000), (0, 60_000), ONE);
    setup.workers = 2;
    setup.flows[0].flow = Arc::clone(&flow);
    let error = run(setup).unwrap_err();
    assert!(matches!(error, DriverError::Panicked("worker")), "{error}");
    assert_eq!(Arc::strong_count(&flow), 1, "a thread still has the load");
}

#[test]
fn an_arrival_whose_user_did_not_run_before_the_end_is_counted() {
    // The first user keeps the thread until the load is over. Then all others come at once, and there is no
    // drain in which each of them could run.
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            if it.arrival == 0 {
                std::thread::sleep(Duration::from_millis(700));
            }
            let endless = std::future::pending().boxed_local();
            it.transport.perform(OpId(0), endless).await;
        })
    });
    let address = "127.0.0.1:9".parse().unwrap();
    let mut setup = setup(address, even(2_000, 500), (0, 500), &FLOW);
    setup.drain = Millis(0);
    setup.max_users = 2_000;
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!((data.planned_arrivals, data.total.planned), (1_000, 1_000));
}

#[test]
fn two_workers_send_each_arrival_once() {
    let mut setup = setup(
        TestServer::default().serve(),
        even(200, 1_000),
        (0, 1_000),
        ONE,
    );
    setup.workers = 2;
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!(data.total.count(Outcome::Ok), 200, "{:?}", data.examples);
}

#[test]
fn a_timeout_beyond_the_histograms_is_refused() {
    let address = "127.0.0.1:9".parse().unwrap();
    let mut setup = setup(address, even(1, 1_000), (0, 1_000), ONE);
    setup.timeout = Millis(1_319_000);
    let error = run(setup).unwrap_err().to_string();
    assert!(error.contains("below 1320 s"), "{error}");
}
