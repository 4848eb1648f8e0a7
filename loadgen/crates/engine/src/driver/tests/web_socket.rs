//! WebSocket exchanges and bursts against a test server with known behaviour.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use shared::{
    time::Millis,
    timing::{ServerPart, ServerTiming},
};

use super::{
    raw::{RawServer, assert_all, header_lines, read_head, write},
    server::{TestServer, setup, users},
};
use crate::{
    aggregator::TrialData,
    check::status,
    driver::{GENERATOR_LIMIT, run},
    flow::{Flow, FlowFuture, Iteration},
    request::Request,
    sample::{OpId, Outcome, ResponsePart},
    suite::LoadModel,
    units::Nanos,
};

/// A flow made of one function.
pub(super) struct Script(pub(super) for<'a> fn(Iteration<'a>) -> FlowFuture<'a>);

impl Flow for Script {
    fn name(&self) -> &'static str {
        "test.script"
    }
    fn operations(&self) -> &[OpId] {
        &[OpId(0), OpId(1), OpId(2)]
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        (self.0)(it)
    }
}

pub(super) fn rounds(iterations: u64) -> LoadModel {
    users(1, 10_000, None, Some(iterations))
}

/// What so many iterations of a flow come to, of one user of a target of its own.
pub(super) fn driven(iterations: u64, flow: &'static Script) -> TrialData {
    let target = TestServer::default().serve();
    run(setup(target, rounds(iterations), (0, 10_000), flow)).unwrap()
}

async fn say(it: &mut Iteration<'_>, text: &str, expect: [&str; 2]) -> bool {
    it.transport
        .socket_exchange(
            &[OpId(1), OpId(2)],
            Some(text.to_owned()),
            &mut |incoming| {
                let index = expect
                    .iter()
                    .position(|begin| incoming.starts_with(begin))?;
                let right = incoming.ends_with("hello");
                let wrong = || (Outcome::BodyMismatch, incoming.to_owned());
                Some((index, right.then_some(()).ok_or_else(wrong)))
            },
        )
        .await
}

#[test]
fn one_send_settles_each_operation_by_the_text_that_answers_it() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            assert!(
                it.transport
                    .socket_open(OpId(0), Request::get("/socket"))
                    .await
            );
            assert!(say(&mut it, "hello", ["echo", "copy"]).await);
            // A wrong text settles too, as a mismatch.
            assert!(say(&mut it, "hallo", ["echo", "copy"]).await);
        })
    });
    let data = driven(3, &FLOW);
    assert!(data.conserved());
    let of = |op| &data.ops[&OpId(op)];
    assert_eq!(of(0).planned, 1, "the socket stays open over iterations");
    assert_eq!(of(0).statuses[&101], 1);
    for op in [1, 2] {
        assert_eq!(of(op).count(Outcome::Ok), 3);
        assert_eq!(of(op).count(Outcome::BodyMismatch), 3);
    }
}

#[test]
fn a_text_that_never_comes_is_a_timeout_and_a_socket_that_leaves_a_reset() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            it.transport
                .socket_open(OpId(0), Request::get("/socket"))
                .await;
            let text = ["quiet", "leave", "into the void"][it.arrival as usize];
            assert!(!say(&mut it, text, ["echo", "copy"]).await);
            assert_eq!(it.transport.socket_is_open(), it.arrival == 0);
            it.transport.socket_close().await;
        })
    });
    let mut setup = setup(TestServer::default().serve(), rounds(2), (0, 10_000), &FLOW);
    setup.timeout = Millis(200);
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!(data.total.count(Outcome::Timeout), 2);
    assert_eq!(data.total.count(Outcome::Reset), 2, "{:?}", data.examples);
    assert_eq!(data.ops[&OpId(0)].count(Outcome::Ok), 2);
}

#[test]
fn a_refusal_settles_all_that_was_asked_for_with_one_text() {
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            it.transport
                .socket_open(OpId(0), Request::get("/socket"))
                .await;
            let refuse = &mut |text: &str| {
                let why = (Outcome::HttpError, "refused: overloaded".to_owned());
                text.starts_with("echo").then_some((1, Err(why)))
            };
            let hello = Some("hello".to_owned());
            let ops = [OpId(1), OpId(2)];
            assert!(it.transport.socket_exchange(&ops, hello, refuse).await);
        })
    });
    let data = driven(2, &FLOW);
    assert!(data.conserved());
    for op in [1, 2] {
        assert_eq!(data.ops[&OpId(op)].count(Outcome::HttpError), 2, "{op}");
    }
}

#[test]
fn a_request_that_a_flow_makes_itself_is_a_sample_with_its_time_and_its_cost() {
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            let wait = |ms| tokio::time::sleep(Duration::from_millis(ms));
            let quick = Box::pin(async move {
                wait(30).await;
                let mut cost = ServerTiming::default();
                cost.us[ServerPart::Db] = 20_000;
                cost.total_us = 20_000;
                Ok(Some(cost))
            });
            assert!(it.transport.perform(OpId(0), quick).await);
            let refused = Box::pin(async { Err((Outcome::HttpError, "SQLSTATE 1".to_owned())) });
            assert!(!it.transport.perform(OpId(1), refused).await);
            let endless = Box::pin(async move {
                wait(60_000).await;
                Ok(None)
            });
            assert!(!it.transport.perform(OpId(2), endless).await);
        })
    });
    let mut setup = setup(TestServer::default().serve(), rounds(2), (0, 10_000), &FLOW);
    setup.timeout = Millis(200);
    let data = run(setup).unwrap();
    assert!(data.conserved());
    let of = |op| &data.ops[&OpId(op)];
    assert_eq!(of(0).count(Outcome::Ok), 2);
    assert!(of(0).ok.min() >= 30_000_000, "{}", of(0).ok.min());
    let costs = of(0).breakdown.between(0.0, 1.0);
    let database = costs.us[ResponsePart::Server(ServerPart::Db)];
    assert!((39_000.0..41_000.0).contains(&database), "{database}");
    assert_eq!(of(1).count(Outcome::HttpError), 2);
    assert_eq!(of(2).count(Outcome::Timeout), 2);
    let reasons: Vec<&str> = data
        .examples
        .iter()
        .map(|(_, why, _)| why.as_str())
        .collect();
    assert!(reasons.contains(&"SQLSTATE 1"), "{reasons:?}");
}

#[test]
fn a_relayed_text_goes_over_the_other_socket_and_what_is_awaited_comes_over_the_first() {
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            for _ in 0..2 {
                it.transport.socket_swap();
                assert!(!it.transport.socket_is_open());
                it.transport
                    .socket_open(OpId(0), Request::get("/socket"))
                    .await;
            }
            let echo = &mut |text: &str| text.starts_with("echo").then_some((0, Ok(())));
            // This server answers where the text came from, and that is not where is listened.
            let hello = "hello".to_owned();
            assert!(!it.transport.socket_relay(&[OpId(1)], hello, echo).await);
            it.transport.socket_swap();
            assert!(it.transport.socket_exchange(&[OpId(2)], None, echo).await);
        })
    });
    let mut setup = setup(TestServer::default().serve(), rounds(1), (0, 10_000), &FLOW);
    setup.timeout = Millis(200);
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!(data.ops[&OpId(0)].count(Outcome::Ok), 2);
    assert_eq!(data.ops[&OpId(1)].count(Outcome::Timeout), 1);
    assert_eq!(data.ops[&OpId(2)].count(Outcome::Ok), 1);
}

#[test]
fn texts_beyond_the_queue_are_counted_and_the_newest_stay() {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            it.transport
                .socket_open(OpId(0), Request::get("/socket"))
                .await;
            let first = &mut |_: &str| Some((0, Ok(())));
            let flood = Some("flood".to_owned());
            it.transport.socket_exchange(&[OpId(1)], flood, first).await;
            it.transport
                .pause(std::time::Duration::from_millis(800))
                .await;
            let last = &mut |text: &str| {
                SEEN.fetch_add(1, Ordering::Relaxed);
                (text == "2999").then_some((0, Ok(())))
            };
            assert!(it.transport.socket_exchange(&[OpId(1)], None, last).await);
            assert!(it.transport.socket_overflow() > 0);
        })
    });
    let data = driven(1, &FLOW);
    assert!(SEEN.load(Ordering::Relaxed) <= 1_024);
    assert!(data.socket_overflow > 1_000, "{}", data.socket_overflow);
    assert_eq!(data.total.count(Outcome::Ok), 3, "{:?}", data.examples);
}

#[test]
fn a_burst_goes_out_at_once_and_each_answer_is_judged_alone() {
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            let paths = ["/", "/refuse", "/reset", "/"];
            let requests = paths.map(Request::get).to_vec();
            let replies = it.transport.burst(OpId(0), requests).await;
            assert!(replies[2].is_none());
            for (index, reply) in replies.iter().enumerate() {
                let Some(reply) = reply else { continue };
                match status(reply, 200) {
                    Ok(()) => it.transport.settle_nth(index, Outcome::Ok, None),
                    Err(why) => {
                        let why = Some(why.to_string());
                        it.transport.settle_nth(index, Outcome::HttpError, why);
                    }
                }
            }
        })
    });
    let server = TestServer {
        delay: std::time::Duration::from_millis(100),
        ..TestServer::default()
    };
    let data = run(setup(server.serve(), rounds(2), (0, 10_000), &FLOW)).unwrap();
    assert!(data.conserved());
    let total = &data.total;
    assert_eq!(total.planned, 8);
    assert_eq!(total.count(Outcome::Ok), 4);
    assert_eq!(total.count(Outcome::HttpError), 2);
    assert_eq!(total.count(Outcome::Reset), 2);
    let slowest = Nanos(total.ok.max());
    assert!(
        slowest.as_ms() < 190.0,
        "not one after the other: {slowest:?}"
    );
}

#[test]
fn a_panicking_flow_makes_the_trial_worthless_and_says_so() {
    static FLOW: Script = Script(|_| FlowFuture::new(async { panic!("a bug in a flow") }));
    let error = run(setup(
        TestServer::default().serve(),
        rounds(1),
        (0, 10_000),
        &FLOW,
    ))
    .unwrap_err();
    assert!(error.to_string().contains("flow"), "{error}");
}

/// Opens a WebSocket and closes it.
pub(super) fn open_and_close(it: Iteration<'_>) -> FlowFuture<'_> {
    FlowFuture::new(async move {
        if it
            .transport
            .socket_open(OpId(0), Request::get("/socket"))
            .await
        {
            it.transport.socket_close().await;
        }
    })
}

#[test]
fn a_refused_upgrade_is_reported_with_its_status_and_a_long_head_is_read() {
    let lines = header_lines(150);
    for (head, status, outcome, why) in [
        (format!("403 Forbidden\r\n{lines}content-length: 2\r\n\r\n42"), 403, Outcome::HttpError, "expected 101, got 403"),
        ("200 OK\r\ncontent-length: 2\r\n\r\n42".to_owned(), 200, Outcome::HttpError, "expected 101, got 200"),
        (
            "101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: eHh4\r\n\r\n".to_owned(),
            101,
            Outcome::HttpError,
            "Sec-WebSocket-Accept",
        ),
        ("nonsense\r\n\r\n".to_owned(), 0, Outcome::Reset, "the status of the response"),
    ] {
        let server = RawServer::serve(move |mut stream| {
            if read_head(&mut stream) {
                write(&mut stream, format!("HTTP/1.1 {head}").as_bytes());
            }
        });
        let script = &Script(open_and_close);
        let data = run(setup(server.address, rounds(2), (0, 10_000), script)).unwrap();
        assert_all(&data, outcome, why);
        let statuses: Vec<u16> = data.total.statuses.keys().copied().collect();
        assert!(status == 0 || statuses == [status], "{statuses:?}");
    }
}

/// Opens a WebSocket and keeps it for a second.
fn hold(it: Iteration<'_>) -> FlowFuture<'_> {
    FlowFuture::new(async move {
        if it
            .transport
            .socket_open(OpId(0), Request::get("/socket"))
            .await
        {
            it.transport.pause(Duration::from_secs(1)).await;
        }
    })
}

/// The test below runs itself once more in a shell with a low limit, with the address in this variable.
const TARGET: &str = "LOADGEN_TEST_TARGET";

#[test]
fn sockets_beyond_the_limit_of_open_files_are_the_generators_limit() {
    let Ok(target) = std::env::var(TARGET) else {
        let itself = std::env::current_exe().unwrap();
        let name = "driver::tests::web_socket::sockets_beyond_the_limit_of_open_files_are_the_generators_limit";
        let shell = format!("ulimit -n 40; exec {} --exact {name}", itself.display());
        let limited = Command::new("sh")
            .args(["-c", &shell])
            .env(TARGET, TestServer::default().serve().to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&limited.stdout);
        assert!(
            limited.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    };
    let load = users(60, 10_000, None, Some(1));
    let data = run(setup(
        target.parse().unwrap(),
        load,
        (0, 10_000),
        &Script(hold),
    ))
    .unwrap();
    let counts = [Outcome::Ok, Outcome::Generator].map(|one| data.total.count(one));
    assert_eq!(counts[0] + counts[1], 60, "{:?}", data.examples);
    assert!(counts[0] >= 20 && counts[1] >= 20, "{counts:?}");
    let why = &data.examples[0].1;
    assert!(
        why.starts_with(GENERATOR_LIMIT) && why.contains("ulimit -n"),
        "{why}"
    );
}
