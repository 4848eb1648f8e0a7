//! Exchanges over a virtual user's WebSocket: one text sent, incoming texts matched to the requests
//! that they settle, and another socket in the place of one that was lost.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::{sleep, timeout};

use super::{
    message::RequestFailure,
    request_record::{RequestStage, settle},
    user::User,
    web_socket::{self, LostSocket, WebSocket},
};
use crate::{
    flow::{ResumableExchange, Settled},
    request::Request,
    sample::{OpId, Outcome},
    units::Nanos,
};
use loadgen_stats::seed::Chance;

/// Most attempts of one request to open a lost socket again.
const MOST_ATTEMPTS: u32 = 8;
/// Longest pause before the second attempt; the limit doubles with each one after it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause at all.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Returns which request an incoming text settles, and whether it is the expected one.
type TextHandler<'a> = dyn FnMut(&str) -> Option<Settled> + 'a;

/// What an exchange begins with.
pub(super) struct Sending {
    /// The text that is sent, if any.
    pub(super) text: Option<String>,
    /// Whether it is sent over the user's other socket; received is over the first in any case.
    pub(super) over_other: bool,
}

/// The attempts of one request to open a socket again.
///
/// The pause before each is drawn evenly from zero to a limit that doubles ("full jitter": M. Brooker,
/// Exponential Backoff And Jitter, AWS Architecture Blog, 2015), so that all sockets of an instance
/// that stops do not come back at the same moment.
struct Attempts {
    chance: Chance,
    made: u32,
}

impl Attempts {
    fn of(user: &User) -> Self {
        let (worker, workers) = user.worker.place;
        let number = u64::from(user.number) * u64::from(workers) + u64::from(worker);
        Self {
            chance: Chance::nth(user.worker.seed ^ user.intended.0, number),
            made: 0,
        }
    }

    /// The pause before the next attempt; `None` where there is none left.
    fn next(&mut self) -> Option<Duration> {
        if self.made == MOST_ATTEMPTS {
            return None;
        }
        let limit = LONGEST_PAUSE.min(FIRST_PAUSE * (1 << self.made));
        self.made += 1;
        Some(limit.mul_f64(self.chance.random::<f64>()))
    }
}

/// Opens the user's WebSocket unless it is open, and records the handshake as one request. One that
/// was lost since it was used last is opened again, with several attempts.
pub(super) async fn open(user: &mut User, op: OpId, request: Request) -> bool {
    if user.socket.as_ref().is_some_and(WebSocket::is_open) {
        return true;
    }
    // A flow that closes its socket leaves none behind.
    let lost = user.socket.take().is_some();
    user.begin(std::iter::once(op));
    let left = user.worker.left(user.intended).duration();
    let opening = async {
        let sent = &mut user.records[0].sample.sent;
        let endpoint = user.worker.endpoint(user.number);
        let first = web_socket::handshake(endpoint, request.clone(), sent).await;
        match first {
            Err((status, failure)) if lost && may_pass(status, &failure) => {
                let mut attempts = Attempts::of(user);
                reopened(user, &request, &mut attempts).await
            }
            done => done.map(|stream| web_socket::start(&user.worker, stream)),
        }
    };
    let opened = timeout(left, opening)
        .await
        .unwrap_or_else(|_elapsed| Err((0, (Outcome::Timeout, "no handshake in time".to_owned()))));
    let done = user.worker.clock.now();
    user.records[0].sample.done = done;
    let opened = match opened {
        Ok(socket) => {
            user.records[0].sample.status = 101;
            user.settle_record(0, Outcome::Ok, None);
            user.socket = Some(socket);
            if lost {
                user.worker.shard.borrow_mut().reconnected(user.intended);
            }
            true
        }
        Err((status, (outcome, why))) => {
            user.records[0].sample.status = status;
            user.settle_record(0, outcome, Some(&why));
            false
        }
    };
    user.advance();
    opened
}

/// Sends a text and hands incoming texts to `on_text` until each of `ops` is settled.
pub(super) async fn exchange(
    user: &mut User,
    ops: &[OpId],
    sending: Sending,
    on_text: &mut TextHandler<'_>,
) -> bool {
    let left = begin(user, ops);
    let ended = timeout(left, read_until_settled(user, sending, on_text)).await;
    let (outcome, why) = match ended {
        Ok(Ok(())) => (Outcome::Ok, String::new()),
        Ok(Err(lost)) => lost.failure,
        Err(_elapsed) => (Outcome::Timeout, "no such text in time".to_owned()),
    };
    end(user, outcome, &why)
}

/// The same, and where the socket is lost it goes on over another one.
pub(super) async fn exchange_resumed(
    user: &mut User,
    ops: &[OpId],
    text: String,
    exchange: &mut dyn ResumableExchange,
) -> bool {
    let left = begin(user, ops);
    let mut losses = Vec::new();
    let ended = timeout(left, resumed(user, text, exchange, &mut losses)).await;
    let (outcome, mut why) = match ended {
        Ok(Ok(())) => (Outcome::Ok, String::new()),
        Ok(Err(failure)) => failure,
        Err(_elapsed) => (Outcome::Timeout, "no such text in time".to_owned()),
    };
    if let Some(last) = losses.last().filter(|_| outcome != Outcome::Ok) {
        why = format!("{why}, after the socket was lost: {last}");
    }
    end(user, outcome, &why)
}

/// Begins the requests of an exchange; returns how long it may take.
fn begin(user: &mut User, ops: &[OpId]) -> Duration {
    user.begin(ops.iter().copied());
    let now = user.worker.clock.now();
    for record in &mut user.records {
        record.sample.sent = now;
    }
    user.worker.left(user.intended).duration()
}

/// Records those that no text has settled; true if there were none.
fn end(user: &mut User, outcome: Outcome, why: &str) -> bool {
    // Requests that a text has settled are recorded and stay as they are.
    let complete = user
        .records
        .iter()
        .all(|record| record.stage == RequestStage::Settled);
    for index in 0..user.records.len() {
        user.settle_record(index, outcome, Some(why));
    }
    user.advance();
    complete
}

async fn resumed(
    user: &mut User,
    text: String,
    exchange: &mut dyn ResumableExchange,
    losses: &mut Vec<String>,
) -> Result<(), RequestFailure> {
    let mut attempts = Attempts::of(user);
    let mut texts = vec![text];
    loop {
        let Err(lost) = converse(user, texts, exchange).await else {
            return Ok(());
        };
        if !lost.replaceable {
            return Err(lost.failure);
        }
        // As many as there are attempts.
        losses.push(lost.failure.1);
        user.socket = None;
        let reopened = reopened(user, &exchange.handshake(), &mut attempts).await;
        user.socket = Some(reopened.map_err(|(_status, failure)| failure)?);
        user.worker.shard.borrow_mut().reconnected(user.intended);
        texts = exchange.resume();
    }
}

/// Sends texts and reads until everything is settled or the socket is lost.
async fn converse(
    user: &mut User,
    texts: Vec<String>,
    exchange: &mut dyn ResumableExchange,
) -> Result<(), LostSocket> {
    for text in texts {
        let socket = user.socket.as_mut().ok_or_else(LostSocket::absent)?;
        if let Err(lost) = socket.send(text).await {
            // What had come before is part of the exchange.
            while let Some((arrived, text)) = user.socket.as_ref().and_then(WebSocket::queued) {
                let settled = exchange.on_text(&text);
                take(user, arrived, &text, settled);
            }
            return Err(lost);
        }
    }
    let nothing = Sending {
        text: None,
        over_other: false,
    };
    read_until_settled(user, nothing, &mut |text| exchange.on_text(text)).await
}

/// Opens another socket. A refusal that another attempt would meet again is final.
async fn reopened(
    user: &mut User,
    request: &Request,
    attempts: &mut Attempts,
) -> Result<WebSocket, (u16, RequestFailure)> {
    let mut last = (0, (Outcome::Reset, "it was lost too often".to_owned()));
    while let Some(pause) = attempts.next() {
        sleep(pause).await;
        let mut sent = user.worker.clock.now();
        let endpoint = user.worker.endpoint(user.number);
        match web_socket::handshake(endpoint, request.clone(), &mut sent).await {
            Ok(stream) => return Ok(web_socket::start(&user.worker, stream)),
            Err((status, failure)) if !may_pass(status, &failure) => {
                return Err((status, failure));
            }
            Err(failure) => last = failure,
        }
    }
    let (status, (outcome, why)) = last;
    let why = format!("not open again after {MOST_ATTEMPTS} attempts: {why}");
    Err((status, (outcome, why)))
}

/// Whether a handshake that ended so may succeed a moment later: nobody answered, or one who could not at
/// present. A limit of the generator's own is reported at once.
fn may_pass(status: u16, failure: &RequestFailure) -> bool {
    matches!(status, 0 | 429 | 502..=504) && failure.0 != Outcome::Generator
}

async fn read_until_settled(
    user: &mut User,
    sending: Sending,
    on_text: &mut TextHandler<'_>,
) -> Result<(), LostSocket> {
    if let Some(text) = sending.text {
        let sender = if sending.over_other {
            &mut user.other_socket
        } else {
            &mut user.socket
        };
        let sender = sender.as_mut().ok_or_else(LostSocket::absent)?;
        sender.send(text).await?;
    }
    while user
        .records
        .iter()
        .any(|record| record.stage != RequestStage::Settled)
    {
        let socket = user.socket.as_ref().ok_or_else(LostSocket::absent)?;
        let (arrived, text) = socket.next().await?;
        let settled = on_text(&text);
        take(user, arrived, &text, settled);
    }
    Ok(())
}

/// Records what a text that arrived then settles. A refusal settles all that the exchange waits for: what
/// was refused has no other answer.
fn take(user: &mut User, arrived: Nanos, text: &str, settled: Option<Settled>) {
    let Some((index, result)) = settled else {
        return;
    };
    let record = user.records.get(index);
    if record.is_none_or(|record| record.stage != RequestStage::Open) {
        return;
    }
    let (outcome, why) = match result {
        Ok(()) => (Outcome::Ok, None),
        Err((outcome, why)) => (outcome, Some(why)),
    };
    let is_refusal = outcome == Outcome::HttpError;
    for (at, record) in user.records.iter_mut().enumerate() {
        if at == index || (is_refusal && record.stage == RequestStage::Open) {
            // A text that was queued before the send settles at the send, not before it.
            record.sample.done = arrived.max(record.sample.sent);
            if at == index {
                record.sample.bytes_in = text.len() as u64;
            }
            settle(&user.worker, record, outcome, why.as_deref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(number: u64) -> Vec<Duration> {
        let chance = Chance::nth(7, number);
        let mut attempts = Attempts { chance, made: 0 };
        std::iter::from_fn(|| attempts.next()).collect()
    }

    #[test]
    fn attempts_are_bounded_and_users_do_not_come_back_at_the_same_moment() {
        let (one, other) = (pauses(1), pauses(2));
        assert_eq!(one.len(), MOST_ATTEMPTS as usize);
        for (made, pause) in one.iter().enumerate() {
            let limit = LONGEST_PAUSE.min(FIRST_PAUSE * (1 << made));
            assert!(*pause < limit, "{made}: {pause:?}");
        }
        assert_ne!(one, other);
        assert_eq!(one, pauses(1), "a trial can be repeated");
    }
}
