//! Exchanges over a virtual user's WebSocket: one text sent, and incoming texts matched to the
//! requests that they settle.

use tokio::time::timeout;

use super::{
    message::RequestFailure,
    request_record::{RequestStage, settle},
    user::User,
    web_socket::{self, WebSocket},
};
use crate::{
    request::Request,
    sample::{OpId, Outcome},
};

/// Returns which request an incoming text settles, and whether it is the expected one.
type TextHandler<'a> = dyn FnMut(&str) -> Option<(usize, Result<(), String>)> + 'a;

/// What an exchange begins with.
pub(super) struct Sending {
    /// The text that is sent, if any.
    pub(super) text: Option<String>,
    /// Whether it is sent over the user's other socket; received is over the first in any case.
    pub(super) over_other: bool,
}

/// Opens the user's WebSocket unless it is open, and records the handshake as one request.
pub(super) async fn open(user: &mut User, op: OpId, request: Request) -> bool {
    if user.socket.as_ref().is_some_and(WebSocket::is_open) {
        return true;
    }
    user.socket = None;
    user.begin(std::iter::once(op));
    let left = user.worker.left(user.intended).duration();
    let sent = &mut user.records[0].sample.sent;
    let opened = timeout(
        left,
        web_socket::handshake(user.worker.endpoint(user.number), request, sent),
    )
    .await
    .unwrap_or_else(|_elapsed| Err((0, (Outcome::Timeout, "no handshake in time".to_owned()))));
    let done = user.worker.clock.now();
    user.records[0].sample.done = done;
    let opened = match opened {
        Ok(stream) => {
            user.records[0].sample.status = 101;
            user.settle_record(0, Outcome::Ok, None);
            user.socket = Some(web_socket::start(&user.worker, stream));
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
    user.begin(ops.iter().copied());
    let now = user.worker.clock.now();
    for record in &mut user.records {
        record.sample.sent = now;
    }
    let left = user.worker.left(user.intended).duration();
    let ended = timeout(left, read_until_settled(user, sending, on_text)).await;
    let (outcome, why) = match ended {
        Ok(Ok(())) => (Outcome::Ok, String::new()),
        Ok(Err(failure)) => failure,
        Err(_elapsed) => (Outcome::Timeout, "no such text in time".to_owned()),
    };
    // Requests that a text has settled are recorded and stay as they are.
    let complete = user
        .records
        .iter()
        .all(|record| record.stage == RequestStage::Settled);
    for index in 0..user.records.len() {
        user.settle_record(index, outcome, Some(&why));
    }
    user.advance();
    complete
}

async fn read_until_settled(
    user: &mut User,
    sending: Sending,
    on_text: &mut TextHandler<'_>,
) -> Result<(), RequestFailure> {
    let closed = || (Outcome::Reset, "the socket is not open".to_owned());
    if let Some(text) = sending.text {
        let sender = if sending.over_other {
            &mut user.other_socket
        } else {
            &mut user.socket
        };
        sender.as_mut().ok_or_else(closed)?.send(text).await?;
    }
    let socket = user.socket.as_ref().ok_or_else(closed)?;
    while user
        .records
        .iter()
        .any(|record| record.stage != RequestStage::Settled)
    {
        let (arrived, text) = socket.next().await?;
        let Some((index, result)) = on_text(&text) else {
            continue;
        };
        let Some(record) = user.records.get_mut(index) else {
            continue;
        };
        if record.stage == RequestStage::Open {
            // A text that was queued before the send settles at the send, not before it.
            record.sample.done = arrived.max(record.sample.sent);
            record.sample.bytes_in = text.len() as u64;
            match result {
                Ok(()) => settle(&user.worker, record, Outcome::Ok, None),
                Err(why) => settle(&user.worker, record, Outcome::BodyMismatch, Some(&why)),
            }
        }
    }
    Ok(())
}
