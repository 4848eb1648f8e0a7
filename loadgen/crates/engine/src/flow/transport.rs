//! How a flow reaches the target.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use shared::timing::ServerTiming;

use super::future::FlowFuture;
use crate::{
    check::Reply,
    request::Request,
    sample::{OpId, Outcome},
};

/// How a request failed where the flow knows it, and why in one line: a refusal is
/// [`Outcome::HttpError`], what must never be answered is [`Outcome::BodyMismatch`].
pub type Failed = (Outcome, String);
/// Which operation of an exchange a text settles, by its index, and how: right, or why not.
pub type Settled = (usize, Result<(), Failed>);
/// Looks at one incoming text.
pub type OnText<'a> = dyn FnMut(&str) -> Option<Settled> + 'a;

/// An exchange that goes on over another socket when its own is lost.
///
/// Nothing that is sent again may have a second effect: the target must recognise it.
pub trait ResumableExchange {
    /// Looks at one incoming text, of whichever socket.
    fn on_text(&mut self, text: &str) -> Option<Settled>;

    /// The request that opens another socket.
    fn handshake(&self) -> Request;

    /// What is sent first over the new socket: what makes the target go on behind the last text that
    /// was seen, and whatever has no answer yet.
    fn resume(&mut self) -> Vec<String>;
}

/// A request of a protocol that the flow speaks itself, and what it cost where that is known.
pub type OwnRequest<'a> = LocalBoxFuture<'a, Result<Option<ServerTiming>, Failed>>;

/// How a flow reaches the target. Implemented by the driver, one a virtual user.
pub trait Transport {
    /// Sends one request of the running iteration and waits for its answer; `None`: it failed
    /// on the way, and its sample is recorded already.
    fn exchange(&mut self, op: OpId, request: Request) -> FlowFuture<'_, Option<Reply>>;

    /// Settles the sample of the last answered [`exchange`](Self::exchange), with the reason
    /// where it is not [`Outcome::Ok`].
    fn settle(&mut self, outcome: Outcome, why: Option<String>);

    /// Sends all at once, each on a connection of its own; one entry a request.
    fn burst(&mut self, op: OpId, requests: Vec<Request>) -> FlowFuture<'_, Vec<Option<Reply>>>;

    /// Settles one answered request of the last [`burst`](Self::burst) by its index.
    fn settle_nth(&mut self, index: usize, outcome: Outcome, why: Option<String>);

    /// Thinks. The next operation's intended start is the end of the pause.
    fn pause(&mut self, think: Duration) -> FlowFuture<'_>;

    /// Whether the virtual user's socket is open; it is kept from one iteration to the next.
    fn socket_is_open(&self) -> bool;

    /// Incoming texts of the present socket that were thrown away because the queue was full.
    fn socket_overflow(&self) -> u64;

    /// Opens the virtual user's socket and records one sample of `op`. True if it is open
    /// afterwards; where it was open before, nothing is sent and nothing recorded. One that was lost
    /// since it was used last counts as a reconnect, and is tried a bounded number of times.
    fn socket_open(&mut self, op: OpId, request: Request) -> FlowFuture<'_, bool>;

    /// Sends `text` and hands every incoming text, those queued before first, to `on_text`
    /// until each of `ops` is settled or the time is up. `on_text` answers with the index in
    /// `ops` that the text settles and how: `Ok`, or the reason of a mismatch.
    ///
    /// All of `ops` share one intended start and one send; each is done when its text came.
    /// One sample each is recorded; those never settled are timeouts, or resets where the
    /// socket broke. A refusal ([`Outcome::HttpError`]) settles all of them. True if every one was
    /// settled, whether as a match or a mismatch.
    fn socket_exchange<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: Option<String>,
        on_text: &'a mut OnText<'a>,
    ) -> FlowFuture<'a, bool>;

    /// The same, and where the target goes away (close codes 1001 and 1012) or the connection breaks,
    /// the socket is opened again: a bounded number of attempts with random pauses, all within the
    /// time of the requests. Their samples stay open meanwhile, so that their times include the
    /// reconnect, which is counted. A reset is only what has no answer after the last attempt.
    fn socket_exchange_resumed<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: String,
        exchange: &'a mut (dyn ResumableExchange + 'a),
    ) -> FlowFuture<'a, bool>;

    /// Makes one request of a protocol that the flow speaks itself and records one sample of `op`.
    /// When its time is up it is dropped, and counts as a timeout. True if it succeeded.
    fn perform<'a>(&'a mut self, op: OpId, request: OwnRequest<'a>) -> FlowFuture<'a, bool>;

    /// [`socket_exchange`](Self::socket_exchange) with `text` sent over the virtual user's other socket:
    /// what one end sends, the other is to receive.
    fn socket_relay<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: String,
        on_text: &'a mut OnText<'a>,
    ) -> FlowFuture<'a, bool>;

    /// Makes the other socket of the virtual user, open or not, the one that all of these are about: a
    /// flow may be two people at once.
    fn socket_swap(&mut self);

    /// Closes the socket if it is open, and waits at most a second for the target's close frame; no
    /// sample. What follows is intended when that is over; the first request of an iteration keeps
    /// its planned start.
    fn socket_close(&mut self) -> FlowFuture<'_>;
}
