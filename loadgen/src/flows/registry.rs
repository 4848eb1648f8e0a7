//! The door between flows and the driver: the transport a flow talks through, the iteration
//! it is given, and the closed lists of flows and operations.
//!
//! A flow knows no clock, no connection and no histogram; a driver knows no domain word.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::{auth, bookings, chat, chat_history, mentors, recordings};
use super::{memory::Memory, world::World};
use crate::{
    check::{Mismatch, Reply},
    request::Request,
    sample::{OpId, Outcome},
    seed::Chance,
};

/// Which operation of an exchange a text settles, by its index, and how: right, or why not.
pub type Settled = (usize, Result<(), String>);
/// Looks at one incoming text.
pub type OnText<'a> = dyn FnMut(&str) -> Option<Settled> + 'a;

/// How a flow reaches the target. Implemented by the driver, one a virtual user.
pub trait Transport {
    /// Sends one request of the running iteration and waits for its answer; `None`: it failed
    /// on the way, and its sample is recorded already.
    fn exchange(&mut self, op: OpId, request: Request) -> LocalBoxFuture<'_, Option<Reply>>;

    /// Settles the sample of the last answered [`exchange`](Self::exchange), with the reason
    /// where it is not [`Outcome::Ok`].
    fn settle(&mut self, outcome: Outcome, why: Option<String>);

    /// Sends all at once, each on a connection of its own; one entry a request.
    fn burst(&mut self, op: OpId, requests: Vec<Request>)
    -> LocalBoxFuture<'_, Vec<Option<Reply>>>;

    /// Settles one answered request of the last [`burst`](Self::burst) by its index.
    fn settle_nth(&mut self, index: usize, outcome: Outcome, why: Option<String>);

    /// Thinks. The next operation's intended start is the end of the pause.
    fn pause(&mut self, think: Duration) -> LocalBoxFuture<'_, ()>;

    /// Whether the virtual user's socket is open; it is kept from one iteration to the next.
    fn socket_is_open(&self) -> bool;

    /// Incoming texts of the present socket that were thrown away because the queue was full.
    fn socket_overflow(&self) -> u64;

    /// Opens the virtual user's socket and records one sample of `op`. True if it is open
    /// afterwards; where it was open before, nothing is sent and nothing recorded.
    fn socket_open(&mut self, op: OpId, request: Request) -> LocalBoxFuture<'_, bool>;

    /// Sends `text` and hands every incoming text, those queued before first, to `on_text`
    /// until each of `ops` is settled or the time is up. `on_text` answers with the index in
    /// `ops` that the text settles and how: `Ok`, or the reason of a mismatch.
    ///
    /// All of `ops` share one intended start and one send; each is done when its text came.
    /// One sample each is recorded; those never settled are timeouts, or resets where the
    /// socket broke. True if every one was settled, whether as a match or a mismatch.
    fn socket_exchange<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: Option<String>,
        on_text: &'a mut OnText<'a>,
    ) -> LocalBoxFuture<'a, bool>;

    /// Closes the socket if it is open; no sample.
    fn socket_close(&mut self) -> LocalBoxFuture<'_, ()>;
}

/// One pass of a flow by one virtual user.
pub struct Iteration<'a> {
    /// The way to the target.
    pub transport: &'a mut dyn Transport,
    /// What this virtual user remembers from its earlier iterations of this flow.
    pub memory: &'a mut Memory,
    /// Chance, seeded from the plan: the same for both arms of a block.
    pub rng: &'a mut Chance,
    /// What all virtual users know.
    pub world: &'a World,
    /// Index of this arrival in the plan.
    pub arrival: u64,
    /// Index of the virtual user among those of its flow.
    pub user: u32,
}

impl Iteration<'_> {
    /// One request whose answer is checked; `None` if it failed or the answer is not right,
    /// and then the sample says so.
    pub async fn call<T>(
        &mut self,
        op: OpId,
        request: Request,
        check: impl FnOnce(&Reply) -> Result<T, Mismatch>,
    ) -> Option<T> {
        let reply = self.transport.exchange(op, request).await?;
        match check(&reply) {
            Ok(value) => {
                self.transport.settle(Outcome::Ok, None);
                Some(value)
            }
            Err(mismatch) => {
                self.transport
                    .settle(failure(&reply), Some(mismatch.to_string()));
                None
            }
        }
    }
}

/// How a wrong answer counts: an error status is the target's refusal, anything else an answer
/// that says the wrong thing.
pub(super) fn failure(reply: &Reply) -> Outcome {
    if reply.status >= 400 {
        Outcome::HttpError
    } else {
        Outcome::BodyMismatch
    }
}

/// What one user does, in order.
pub trait Flow: Sync {
    /// The word in suite files: `auth.login`.
    fn name(&self) -> &'static str;
    /// One line for people.
    fn help(&self) -> &'static str;
    /// Every operation it may send.
    fn operations(&self) -> &'static [OpId];
    /// Whether it needs accounts that are signed in before the run.
    fn needs_sessions(&self) -> bool;
    /// Most requests that one pass sends at once.
    fn at_once(&self) -> usize {
        1
    }
    /// One pass.
    fn run<'a>(&'a self, it: Iteration<'a>) -> LocalBoxFuture<'a, ()>;
}

macro_rules! operations {
    ($( $name:ident = $text:literal; )+) => {
        /// The operations, as constants for the flows.
        pub(super) mod op {
            use crate::sample::OpId;
            operations!(@number 0_u16; $( $name = $text; )+);
        }
        /// Every operation by its number.
        pub const OPERATIONS: &[&str] = &[ $( $text ),+ ];
    };
    (@number $n:expr; $name:ident = $text:literal; $( $rest:tt )*) => {
        #[doc = $text]
        pub(in crate::flows) const $name: OpId = OpId($n);
        operations!(@number $n + 1; $( $rest )*);
    };
    (@number $n:expr;) => {};
}

operations! {
    AUTH_LOGIN = "auth.login";
    AUTH_ME = "auth.me";
    MENTORS_LIST = "mentors.list";
    MENTORS_DETAIL = "mentors.detail";
    MENTORS_AVAILABILITY = "mentors.availability";
    BOOKINGS_CREATE = "bookings.create";
    BOOKINGS_MINE = "bookings.mine";
    BOOKINGS_CANCEL = "bookings.cancel";
    BOOKINGS_RACE = "bookings.race";
    RECORDINGS_LIST = "recordings.list";
    RECORDINGS_LINK = "recordings.link";
    RECORDINGS_PLAY = "recordings.play";
    CHAT_CONNECT = "chat.connect";
    CHAT_JOIN = "chat.join";
    CHAT_SEND = "chat.send";
    CHAT_DELIVER = "chat.deliver";
    CHAT_PING = "chat.ping";
    CHAT_ROOMS = "chat.rooms";
    CHAT_HISTORY = "chat.history";
    HTTP_REQUEST = "http.request";
}

/// Every flow, in the order of the documentation.
pub const FLOWS: &[&dyn Flow] = &[
    &auth::Login,
    &mentors::Browse,
    &bookings::Book,
    &bookings::Race,
    &recordings::Watch,
    &chat::Room,
    &chat_history::Read,
];

/// The flow of that name.
pub fn flow(name: &str) -> Option<&'static dyn Flow> {
    FLOWS.iter().copied().find(|flow| flow.name() == name)
}

/// The names of all flows.
pub fn names() -> Vec<&'static str> {
    FLOWS.iter().map(|flow| flow.name()).collect()
}

/// The operation of that name.
pub fn operation(name: &str) -> Option<OpId> {
    OPERATIONS
        .iter()
        .position(|known| *known == name)
        .map(|index| OpId(index as u16))
}

/// The name of an operation.
pub fn operation_name(op: OpId) -> &'static str {
    OPERATIONS
        .get(usize::from(op.0))
        .copied()
        .unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_belongs_to_a_flow_and_has_one_number() {
        for (index, name) in OPERATIONS.iter().enumerate() {
            let id = operation(name).unwrap();
            assert_eq!(usize::from(id.0), index);
            assert_eq!(operation_name(id), *name);
            // `http.request` belongs to a flow that is made from the command line.
            assert!(
                *name == "http.request" || FLOWS.iter().any(|flow| flow.operations().contains(&id)),
                "{name} is sent by no flow"
            );
        }
    }

    #[test]
    fn a_flow_is_found_by_the_name_it_gives() {
        for name in names() {
            assert_eq!(flow(name).unwrap().name(), name);
        }
        assert!(flow("auth.logins").is_none());
    }
}
