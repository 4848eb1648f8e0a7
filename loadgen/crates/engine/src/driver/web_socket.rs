//! A virtual user's WebSocket: the handshake, and a reader task that puts every text into a bounded
//! queue with the time at which it arrived.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use http::header;
use tokio::{
    sync::Notify,
    task::{AbortHandle, spawn_local},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WsError, Message, Utf8Bytes,
        error::ProtocolError,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use super::{
    client_endpoint::ClientEndpoint,
    failure_text::http1_failure,
    generator_limit::failure,
    http1_client::Http1Client,
    http1_error::Http1Error,
    message::{RequestFailure, upgrade},
    stream::{self, ClientStream},
    worker_context::WorkerContext,
};
use crate::{request::Request, sample::Outcome, units::Nanos};

/// Most texts that wait for a flow; beyond that the oldest is dropped.
const QUEUE: usize = 1_024;
/// Longest text that is read.
const LARGEST_TEXT: usize = 1024 * 1024;
/// Longest wait for the server's close frame, and after one for the end of the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Close codes by which a server that stops or restarts sends its clients elsewhere (RFC 6455, section
/// 7.4.1, and the registry of IANA: 1001 going away, 1012 service restart).
const GOES_AWAY: [u16; 2] = [1001, 1012];

/// Frames over an upgraded HTTP/1.1 connection.
type WsStream = WebSocketStream<ClientStream>;

/// Why a socket has no more texts.
#[derive(Debug, Clone)]
pub(super) struct LostSocket {
    /// How a request counts that waits for one.
    pub(super) failure: RequestFailure,
    /// Whether another socket may take its place: the target goes away, or the connection broke
    /// without a close frame. Any other end is the target's answer.
    pub(super) replaceable: bool,
}

impl LostSocket {
    /// There is no socket, or not the one that is needed.
    pub(super) fn absent() -> Self {
        Self {
            failure: (Outcome::Reset, "the socket is not open".to_owned()),
            replaceable: false,
        }
    }

    /// Ended by a frame with this code.
    fn closed(code: u16, reason: &str) -> Self {
        let why = format!("closed by the target: {code} {reason}");
        Self {
            failure: (Outcome::Reset, why.trim_end().to_owned()),
            replaceable: GOES_AWAY.contains(&code),
        }
    }

    /// Ended by an error of the connection; `what` names the step.
    fn broken(what: &str, error: &WsError) -> Self {
        let failure = failure(Outcome::Reset, what, error);
        let cut = matches!(
            error,
            WsError::Io(_)
                | WsError::ConnectionClosed
                | WsError::AlreadyClosed
                | WsError::Protocol(
                    ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing
                )
        );
        Self {
            // A limit of the generator's own is not mended by another connection.
            replaceable: cut && failure.0 == Outcome::Reset,
            failure,
        }
    }

    /// Ended without a word.
    fn cut() -> Self {
        Self {
            failure: (Outcome::Reset, "the socket was closed".to_owned()),
            replaceable: true,
        }
    }
}

/// Texts that the reader has received and the flow has not read yet.
#[derive(Default)]
struct Inbox {
    /// Each with the time at which it arrived.
    texts: RefCell<VecDeque<(Nanos, Utf8Bytes)>>,
    overflow: Cell<u64>,
    /// Why no more texts will arrive.
    ended: RefCell<Option<LostSocket>>,
    changed: Notify,
}

/// An open WebSocket. Dropping it closes the connection without a close frame.
pub(super) struct WebSocket {
    sink: SplitSink<WsStream, Message>,
    inbox: Rc<Inbox>,
    reader: AbortHandle,
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl WebSocket {
    pub(super) fn is_open(&self) -> bool {
        self.inbox.ended.borrow().is_none()
    }

    /// Sends one text.
    pub(super) async fn send(&mut self, text: String) -> Result<(), LostSocket> {
        let sent = self.sink.send(Message::text(text)).await;
        sent.map_err(|error| {
            // The reader may know why: it has read the target's close frame.
            let known = self.inbox.ended.borrow().clone();
            known.unwrap_or_else(|| LostSocket::broken("cannot send", &error))
        })
    }

    /// The next text, with the time at which it arrived; an error once no more will arrive.
    pub(super) async fn next(&self) -> Result<(Nanos, Utf8Bytes), LostSocket> {
        loop {
            if let Some(next) = self.queued() {
                return Ok(next);
            }
            if let Some(lost) = self.inbox.ended.borrow().clone() {
                return Err(lost);
            }
            self.inbox.changed.notified().await;
        }
    }

    /// The next text that has arrived, if there is one.
    pub(super) fn queued(&self) -> Option<(Nanos, Utf8Bytes)> {
        self.inbox.texts.borrow_mut().pop_front()
    }

    /// Texts dropped so far because the queue was full.
    pub(super) fn overflow(&self) -> u64 {
        self.inbox.overflow.get()
    }

    /// Sends a close frame and waits a moment for the server's.
    pub(super) async fn close(mut self) {
        let closing = async {
            if self.is_open() && self.sink.send(Message::Close(None)).await.is_ok() {
                while self.is_open() {
                    self.inbox.changed.notified().await;
                }
            }
        };
        let _in_time = timeout(CLOSE_TIMEOUT, closing).await;
    }
}

/// Connects and upgrades the connection. A failure comes with the HTTP status, 0 where there was
/// none; `sent` is set when the upgrade request goes out.
pub(super) async fn handshake(
    endpoint: &ClientEndpoint,
    request: Request,
    sent: &mut Nanos,
) -> Result<WsStream, (u16, RequestFailure)> {
    let key = generate_key();
    let accept = derive_accept_key(key.as_bytes());
    let key = key
        .try_into()
        .map_err(|_| (0, (Outcome::Dropped, "the key is not valid".to_owned())))?;
    let request = upgrade(request, key);
    let (stream, _times) = stream::open(endpoint)
        .await
        .map_err(|failure| (0, failure))?;
    endpoint.connected();
    *sent = endpoint.clock.now();
    let mut client = Http1Client::new(stream);
    let head = client.send(endpoint, &request).await.map_err(|error| {
        let why = match &error {
            Http1Error::Io(error) => failure(Outcome::Reset, "handshake", error),
            error => {
                let why = http1_failure(error, client.first());
                (Outcome::Reset, format!("handshake: {why}"))
            }
        };
        (0, why)
    })?;
    let refused = |why| Err((head.status, (Outcome::HttpError, why)));
    if head.status != 101 {
        return refused(format!("expected 101, got {}", head.status));
    }
    if head.headers.get(&header::SEC_WEBSOCKET_ACCEPT).as_deref() != Some(accept.as_str()) {
        return refused("101 without the right Sec-WebSocket-Accept".to_owned());
    }
    // The crate's buffers of 128 KiB each would take a gigabyte for thousands of sockets.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(LARGEST_TEXT))
        .max_frame_size(Some(LARGEST_TEXT));
    // The first frames may have come with the head.
    let (stream, read) = client.into_stream();
    let socket =
        WebSocketStream::from_partially_read(stream, read.into(), Role::Client, Some(config));
    Ok(socket.await)
}

/// Starts the reader of an upgraded connection.
pub(super) fn start(worker: &Rc<WorkerContext>, stream: WsStream) -> WebSocket {
    let (sink, stream) = stream.split();
    let inbox = Rc::new(Inbox::default());
    let reader = spawn_local(read(Rc::clone(worker), stream, Rc::clone(&inbox)));
    WebSocket {
        sink,
        inbox,
        reader: reader.abort_handle(),
    }
}

async fn read(worker: Rc<WorkerContext>, mut stream: SplitStream<WsStream>, inbox: Rc<Inbox>) {
    let ended = loop {
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => break LostSocket::broken("cannot receive", &error),
            None => break LostSocket::cut(),
        };
        match message {
            Message::Text(text) => {
                let mut texts = inbox.texts.borrow_mut();
                if texts.len() == QUEUE {
                    texts.pop_front();
                    inbox.overflow.set(inbox.overflow.get() + 1);
                    worker.shard.borrow_mut().socket_overflow += 1;
                }
                texts.push_back((worker.clock.now(), text));
                drop(texts);
                inbox.changed.notify_one();
            }
            Message::Close(frame) => {
                // Reading on also sends the answering close frame. A server may never close the connection.
                let rest = async { while let Some(Ok(_)) = stream.next().await {} };
                let _in_time = timeout(CLOSE_TIMEOUT, rest).await;
                // 1005 stands for a close frame without a code (RFC 6455, section 7.1.5).
                break frame.map_or_else(
                    || LostSocket::closed(1005, "without a reason"),
                    |frame| LostSocket::closed(frame.code.into(), &frame.reason),
                );
            }
            // The crate answers pings; other frames carry no text.
            _ => {}
        }
    };
    *inbox.ended.borrow_mut() = Some(ended);
    inbox.changed.notify_one();
}
