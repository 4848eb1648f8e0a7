//! Sockets that a flow closes, and what the wait for the target's close frame counts as.

use shared::time::Millis;

use super::{
    open::even,
    server::{TestServer, setup},
    web_socket::{Script, driven, rounds},
};
use crate::{
    driver::run,
    flow::{FlowFuture, Iteration, Settled},
    request::Request,
    sample::{OpId, Outcome},
    units::Nanos,
};

/// Far less than the wait for a close frame that does not come, which is a second.
const SOON: Nanos = Nanos::from_millis(500);

/// Opens a socket and makes its server read nothing any more: closing it takes the longest wait.
async fn stall(it: &mut Iteration<'_>) {
    let request = Request::get("/socket");
    assert!(it.transport.socket_open(OpId(0), request).await);
    let echo = &mut |text: &str| (text == "echo stall").then_some((0, Ok(())));
    let text = Some("stall".to_owned());
    assert!(it.transport.socket_exchange(&[OpId(1)], text, echo).await);
}

#[test]
fn the_wait_for_a_close_frame_is_neither_lag_nor_response_time() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            for _ in 0..2 {
                stall(&mut it).await;
                it.transport.socket_close().await;
            }
        })
    });
    let data = driven(2, &FLOW);
    assert!(data.conserved());
    assert_eq!(data.total.count(Outcome::Ok), 8, "{:?}", data.examples);
    assert_eq!(data.lag.len(), 2);
    let lag = Nanos(data.lag.max());
    assert!(lag < SOON, "the second iteration began late: {lag:?}");
    let slowest = Nanos(data.total.ok.max());
    assert!(slowest < SOON, "the wait is in a response: {slowest:?}");
    let iterations = data.flows.values().next().unwrap();
    let shortest = Nanos(iterations.ok.min());
    assert!(shortest > Nanos::from_millis(1_900), "{shortest:?}");
}

#[test]
fn a_planned_start_is_not_moved_by_the_wait_for_a_close_frame() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            // The socket of the arrival before; the first one has none.
            it.transport.socket_close().await;
            stall(&mut it).await;
        })
    });
    let target = TestServer::default().serve();
    let data = run(setup(target, even(1, 2_000), (0, 2_000), &FLOW)).unwrap();
    assert!(data.conserved());
    // Two iterations; what the second one does last is planned after the window.
    assert_eq!(data.total.count(Outcome::Ok), 3, "{:?}", data.examples);
    assert_eq!(data.total.failures(), 0, "{:?}", data.examples);
    let opened = &data.ops[&OpId(0)].ok;
    assert!(Nanos(opened.min()) < SOON, "{}", opened.min());
    let second = Nanos(opened.max());
    assert!(second > Nanos::from_millis(900), "{second:?}");
}

#[test]
fn a_close_frame_is_the_answer_also_where_the_server_keeps_the_connection() {
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            let request = Request::get("/socket");
            assert!(it.transport.socket_open(OpId(0), request).await);
            let nothing = &mut |_: &str| -> Option<Settled> { None };
            let text = Some("linger".to_owned());
            let ops = [OpId(1)];
            assert!(!it.transport.socket_exchange(&ops, text, nothing).await);
            assert!(!it.transport.socket_is_open());
        })
    });
    let target = TestServer::default().serve();
    let mut setup = setup(target, rounds(1), (0, 10_000), &FLOW);
    setup.timeout = Millis(60_000);
    let data = run(setup).unwrap();
    assert!(data.conserved());
    let ended = &data.ops[&OpId(1)];
    assert_eq!(ended.count(Outcome::Reset), 1, "{:?}", data.examples);
    let (_, why, _) = &data.examples[0];
    assert!(why.starts_with("closed by the target: 4001"), "{why}");
}
