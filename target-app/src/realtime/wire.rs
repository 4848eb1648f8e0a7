//! One WebSocket as the features see it: texts out, bounded in time; events in.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt as _;
use shared::api::socket::{MAX_FRAME_BYTES, close};

/// The text of a frame; clones share it. Features know frames by this name, and nothing of the HTTP library.
pub type FrameText = Utf8Bytes;

/// A client that reads nothing for so long is disconnected.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long a closing handshake may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketEnd {
    /// The client is gone, or ended it.
    Gone,
    /// We end it, with a close code and a sentence.
    Close(u16, &'static str),
}

impl SocketEnd {
    /// The process stops.
    pub const GOING_AWAY: Self = Self::Close(close::GOING_AWAY, "the server stops");
    /// The account of the client is not active any more.
    pub const REVOKED: Self = Self::Close(close::REVOKED, "the account is not active any more");
    /// What came is larger than a frame may be.
    const TOO_BIG: Self = Self::Close(close::TOO_BIG, "a frame has at most 16384 bytes");
    /// What came breaks the rules of WebSocket (RFC 6455).
    const BROKEN_RULE: Self = Self::Close(close::PROTOCOL_ERROR, "this is not WebSocket");
    /// What came is no text in UTF-8.
    const NO_TEXT: Self = Self::Close(close::BAD_FRAME, "frames are JSON texts");
}

/// What a client did.
#[derive(Debug)]
pub enum WireEvent {
    /// A text frame.
    Text(Utf8Bytes),
    /// A ping or pong: the client is alive.
    KeepAlive,
}

/// One WebSocket.
pub struct Wire {
    socket: WebSocket,
    /// How a client ends that sends something other than texts.
    not_text: SocketEnd,
}

impl Wire {
    /// Takes a connection over; `not_text` ends it when something other than texts comes.
    pub fn new(socket: WebSocket, not_text: SocketEnd) -> Self {
        Self { socket, not_text }
    }

    /// What comes next from the client; nothing is lost when the wait is cut short.
    pub async fn receive(&mut self) -> Result<WireEvent, SocketEnd> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) if text.len() > MAX_FRAME_BYTES => {
                Err(SocketEnd::TOO_BIG)
            }
            Some(Ok(Message::Text(text))) => Ok(WireEvent::Text(text)),
            Some(Ok(Message::Binary(_))) => Err(self.not_text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(WireEvent::KeepAlive),
            Some(Ok(Message::Close(_))) => {
                // Reading on sends the answer to the client's close.
                let _ = tokio::time::timeout(CLOSE_LIMIT, self.drain()).await;
                Err(SocketEnd::Gone)
            }
            Some(Err(error)) => Err(broken(&error.to_string())),
            None => Err(SocketEnd::Gone),
        }
    }

    /// Queues a text; [`flush`](Self::flush) sees to it that it leaves.
    pub async fn queue(&mut self, text: Utf8Bytes) -> Result<(), SocketEnd> {
        in_time(WRITE_LIMIT, self.socket.feed(Message::Text(text))).await
    }

    /// Queues a ping.
    pub async fn ping(&mut self) -> Result<(), SocketEnd> {
        in_time(WRITE_LIMIT, self.socket.feed(Message::Ping(Bytes::new()))).await
    }

    /// Sends what is queued.
    pub async fn flush(&mut self) -> Result<(), SocketEnd> {
        in_time(WRITE_LIMIT, self.socket.flush()).await
    }

    /// Sends why it ends and waits a moment for the client to agree: without that, what was sent
    /// last may be lost on the way.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let closing = async {
            let frame = CloseFrame {
                code,
                reason: reason.into(),
            };
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                self.drain().await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_LIMIT, closing).await;
    }

    async fn drain(&mut self) {
        while let Some(Ok(_)) = self.socket.recv().await {}
    }
}

async fn in_time<E>(
    limit: Duration,
    work: impl Future<Output = Result<(), E>>,
) -> Result<(), SocketEnd> {
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(SocketEnd::Gone),
    }
}

/// How a failed read ends the connection. The protocol library is not a dependency of this crate,
/// so its errors are recognised by their texts; any other one ends without a close frame.
fn broken(error: &str) -> SocketEnd {
    if error.contains("too long") {
        SocketEnd::TOO_BIG
    } else if error.contains("UTF-8") {
        SocketEnd::NO_TEXT
    } else if error.contains("protocol error") && !error.contains("reset") {
        SocketEnd::BROKEN_RULE
    } else {
        SocketEnd::Gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_for_a_large_frame_names_the_limit() {
        let SocketEnd::Close(code, reason) = SocketEnd::TOO_BIG else {
            panic!("it is a close");
        };
        assert_eq!(code, 1009);
        assert!(reason.contains(&MAX_FRAME_BYTES.to_string()), "{reason}");
    }

    #[test]
    fn failed_reads_are_distinguished() {
        let long = "Space limit exceeded: Message too long: 65537 > 65536";
        assert_eq!(broken(long), SocketEnd::TOO_BIG);
        let text = "UTF-8 encoding error: invalid utf-8 sequence";
        assert_eq!(broken(text), SocketEnd::NO_TEXT);
        let rule = "WebSocket protocol error: WireEvent an unmasked frame from client";
        assert_eq!(broken(rule), SocketEnd::BROKEN_RULE);
        for gone in [
            "IO error: connection reset by peer",
            "WebSocket protocol error: Connection reset without closing handshake",
        ] {
            assert_eq!(broken(gone), SocketEnd::Gone, "{gone}");
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let limit = Duration::from_millis(5);
        let stuck = std::future::pending::<Result<(), ()>>();
        assert_eq!(in_time(limit, stuck).await, Err(SocketEnd::Gone));
        assert_eq!(in_time(limit, async { Ok::<_, ()>(()) }).await, Ok(()));
    }
}
