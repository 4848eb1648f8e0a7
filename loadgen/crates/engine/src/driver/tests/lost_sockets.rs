//! Sockets that the target closes or that break, and what is waited for on them.

use std::time::Duration;

use shared::time::Millis;

use super::{
    server::{TestServer, setup},
    web_socket::{Script, driven, rounds},
};
use crate::{
    driver::run,
    flow::{FlowFuture, Iteration, ResumableExchange, Settled},
    request::Request,
    sample::{OpId, Outcome},
};

/// Waits for the echo of `hello`; over a new socket it sends `again`.
struct Hello {
    again: &'static str,
}

impl ResumableExchange for Hello {
    fn on_text(&mut self, text: &str) -> Option<Settled> {
        (text == "echo hello").then_some((0, Ok(())))
    }

    fn handshake(&self) -> Request {
        Request::get("/socket")
    }

    fn resume(&mut self) -> Vec<String> {
        vec![self.again.to_owned()]
    }
}

/// Opens the socket and sends a text that ends it.
async fn lose(it: &mut Iteration<'_>, text: &str, again: &'static str) -> bool {
    let request = Request::get("/socket");
    assert!(it.transport.socket_open(OpId(0), request).await);
    let mut hello = Hello { again };
    it.transport
        .socket_exchange_resumed(&[OpId(1)], text.to_owned(), &mut hello)
        .await
}

#[test]
fn an_exchange_whose_socket_is_lost_goes_on_over_another_one() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            let text = ["hello", "away", "cut"][it.arrival as usize];
            assert!(lose(&mut it, text, "hello").await);
        })
    });
    let data = driven(3, &FLOW);
    assert!(data.conserved());
    let of = |op| &data.ops[&OpId(op)];
    assert_eq!(of(0).planned, 1, "a reconnect is no request of its own");
    assert_eq!(of(1).count(Outcome::Ok), 3, "{:?}", data.examples);
    assert_eq!((data.reconnects, data.opened[0]), (2, 3));
}

#[test]
fn any_other_end_is_the_answer_of_the_target() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            let text = ["expired", "leave"][it.arrival as usize];
            assert!(!lose(&mut it, text, "hello").await);
            it.transport.socket_close().await;
        })
    });
    let data = driven(2, &FLOW);
    assert_eq!(data.ops[&OpId(1)].count(Outcome::Reset), 2);
    assert_eq!(data.reconnects, 0);
    let said = |part: &str| data.examples.iter().any(|(_, why, _)| why.contains(part));
    assert!(said("4001") && said("1005"), "{:?}", data.examples);
}

#[test]
fn a_target_that_goes_away_again_and_again_is_given_up() {
    static FLOW: Script = Script(|mut it| {
        FlowFuture::new(async move {
            assert!(!lose(&mut it, "away", "away").await);
            it.transport.socket_close().await;
        })
    });
    let mut setup = setup(TestServer::default().serve(), rounds(1), (0, 10_000), &FLOW);
    setup.timeout = Millis(30_000);
    let data = run(setup).unwrap();
    assert!(data.conserved());
    assert_eq!(data.ops[&OpId(1)].count(Outcome::Reset), 1);
    assert_eq!(data.reconnects, 8);
    let why = &data.examples[0].1;
    assert!(
        why.contains("8 attempts") && why.contains("1001"),
        "the attempts and the reason: {why}"
    );
}

#[test]
fn a_socket_that_is_lost_while_nothing_is_waited_for_is_opened_again_and_counted() {
    static FLOW: Script = Script(|it| {
        FlowFuture::new(async move {
            let request = Request::get("/socket");
            assert!(it.transport.socket_open(OpId(0), request).await);
            let bye = &mut |text: &str| (text == "echo bye").then_some((0, Ok(())));
            let text = Some("bye".to_owned());
            assert!(it.transport.socket_exchange(&[OpId(1)], text, bye).await);
            it.transport.pause(Duration::from_millis(300)).await;
            assert!(!it.transport.socket_is_open());
        })
    });
    let data = driven(3, &FLOW);
    assert_eq!(data.ops[&OpId(0)].count(Outcome::Ok), 3);
    assert_eq!(data.reconnects, 2);
}
