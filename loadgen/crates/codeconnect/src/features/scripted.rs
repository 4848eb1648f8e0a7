//! A target that answers as a test says: what a flow sends, in which order, and how it counts each
//! response, without a server. It has no sockets.

use std::{future::ready, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use shared::{
    api::auth::TokenPair,
    dataset::{self, RowKind, Scale},
    ids::{MentorId, UserId},
};

use super::registry::{catalog, find};
use crate::flows::{AppIteration, FlowFuture, FlowMemory, TestAccount, World};
use loadgen_engine::{
    check::Reply,
    flow::{OnText, OwnRequest, ResumableExchange, Transport},
    request::Request,
    sample::{OpId, Outcome},
};
use loadgen_stats::seed::Chance;

/// What a scripted target answers to a request of an operation; `None` breaks the connection.
type ScriptedAnswer<'s> = dyn FnMut(&'static str, &Request) -> Option<Reply> + 's;

/// Operation and outcome of a request that a flow sent.
pub(super) type SentRequest = (&'static str, Option<Outcome>);

/// The way to it.
struct ScriptedTransport<'s> {
    answer: &'s mut ScriptedAnswer<'s>,
    sent: Vec<SentRequest>,
    /// Index of the first request of the last exchange.
    last: usize,
}

impl ScriptedTransport<'_> {
    fn send(&mut self, op: OpId, request: &Request) -> Option<Reply> {
        let op = catalog().operations.name(op);
        let reply = (self.answer)(op, request);
        let lost = reply.is_none().then_some(Outcome::Reset);
        self.sent.push((op, lost));
        reply
    }
}

impl Transport for ScriptedTransport<'_> {
    fn exchange(&mut self, op: OpId, request: Request) -> FlowFuture<'_, Option<Reply>> {
        self.last = self.sent.len();
        FlowFuture::new(ready(self.send(op, &request)))
    }

    fn settle(&mut self, outcome: Outcome, why: Option<String>) {
        self.settle_nth(0, outcome, why);
    }

    fn burst(&mut self, op: OpId, requests: Vec<Request>) -> FlowFuture<'_, Vec<Option<Reply>>> {
        self.last = self.sent.len();
        let replies: Vec<Option<Reply>> = requests
            .iter()
            .map(|request| self.send(op, request))
            .collect();
        FlowFuture::new(ready(replies))
    }

    fn settle_nth(&mut self, index: usize, outcome: Outcome, _why: Option<String>) {
        self.sent[self.last + index].1 = Some(outcome);
    }

    fn pause(&mut self, _think: Duration) -> FlowFuture<'_> {
        FlowFuture::new(ready(()))
    }

    fn socket_is_open(&self) -> bool {
        false
    }

    fn socket_overflow(&self) -> u64 {
        0
    }

    fn socket_open(&mut self, _op: OpId, _request: Request) -> FlowFuture<'_, bool> {
        FlowFuture::new(ready(false))
    }

    fn socket_exchange<'a>(
        &'a mut self,
        _ops: &'a [OpId],
        _text: Option<String>,
        _on_text: &'a mut OnText<'a>,
    ) -> FlowFuture<'a, bool> {
        FlowFuture::new(ready(false))
    }

    fn socket_exchange_resumed<'a>(
        &'a mut self,
        _ops: &'a [OpId],
        _text: String,
        _exchange: &'a mut (dyn ResumableExchange + 'a),
    ) -> FlowFuture<'a, bool> {
        FlowFuture::new(ready(false))
    }

    fn perform<'a>(&'a mut self, _op: OpId, _request: OwnRequest<'a>) -> FlowFuture<'a, bool> {
        FlowFuture::new(ready(false))
    }

    fn socket_relay<'a>(
        &'a mut self,
        _ops: &'a [OpId],
        _text: String,
        _on_text: &'a mut OnText<'a>,
    ) -> FlowFuture<'a, bool> {
        FlowFuture::new(ready(false))
    }

    fn socket_swap(&mut self) {}

    fn socket_close(&mut self) -> FlowFuture<'_> {
        FlowFuture::new(ready(()))
    }
}

/// What one iteration of a flow sends, by a user without a past whose choices are those of that number.
pub(super) async fn iterate(
    name: &str,
    world: &World,
    number: u64,
    mut answer: impl FnMut(&'static str, &Request) -> Option<Reply>,
) -> Vec<SentRequest> {
    // Operations have their numbers once the catalogue is made.
    catalog();
    let (_, flow) = find(name).expect("a flow of that name");
    let mut transport = ScriptedTransport {
        answer: &mut answer,
        sent: Vec::new(),
        last: 0,
    };
    let (mut memory, mut rng) = (FlowMemory::default(), Chance::nth(1, number));
    (flow.run)(AppIteration {
        transport: &mut transport,
        memory: &mut memory,
        rng: &mut rng,
        world,
        arrival: number,
        user: 0,
    })
    .await;
    transport.sent
}

/// The names of what was sent, which counted as right each.
pub(super) fn all_right(sent: &[SentRequest]) -> Vec<&'static str> {
    assert!(
        sent.iter()
            .all(|(_, outcome)| *outcome == Some(Outcome::Ok)),
        "{sent:?}"
    );
    sent.iter().map(|(op, _)| *op).collect()
}

/// The first seeded student.
pub(super) fn student() -> UserId {
    UserId(dataset::id(RowKind::Student, 0))
}

/// The mentor whose open slots a request asks for.
pub(super) fn mentor_of(request: &Request) -> MentorId {
    let id = request.path.path().split('/').nth(4);
    MentorId(id.and_then(|id| id.parse().ok()).expect("an id"))
}

/// A freshly seeded target, and that student signed in.
pub(super) fn world() -> World {
    let account = TestAccount {
        student: 0,
        id: student(),
        token: "secret".into(),
        rooms: Vec::new(),
    };
    World::new(Scale::Tiny.counts(), vec![account], 7, true)
}

/// The `n`-th tokens of a session.
pub(super) fn tokens(n: u32) -> TokenPair {
    TokenPair {
        access_token: format!("access {n}"),
        expires_in: 900,
        refresh_token: format!("refresh {n}"),
    }
}

/// A response with that body.
pub(super) fn reply(status: u16, body: &impl serde::Serialize) -> Reply {
    let body = serde_json::to_vec(body).expect("API types are JSON");
    Reply::new(status, HeaderMap::new(), Bytes::from(body))
}
