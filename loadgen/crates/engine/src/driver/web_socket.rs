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
use http::{HeaderValue, header};
use tokio::{
    net::TcpStream,
    sync::Notify,
    task::{AbortHandle, spawn_local},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message, Utf8Bytes, handshake::client::generate_key, protocol::WebSocketConfig,
    },
};

use super::{
    client_endpoint::ClientEndpoint,
    generator_limit::connect_failure,
    message::{RequestFailure, upgrade},
    stream::tcp,
    worker_context::WorkerContext,
};
use crate::{request::Request, sample::Outcome, units::Nanos};

/// Most texts that wait for a flow; beyond that the oldest is dropped.
const QUEUE: usize = 1_024;
/// Longest text that is read.
const LARGEST_TEXT: usize = 1024 * 1024;
/// Longest wait for the server's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type WsStream = WebSocketStream<TcpStream>;

/// Texts that the reader has received and the flow has not read yet.
#[derive(Default)]
struct Inbox {
    /// Each with the time at which it arrived.
    texts: RefCell<VecDeque<(Nanos, Utf8Bytes)>>,
    overflow: Cell<u64>,
    /// Why no more texts will arrive.
    ended: RefCell<Option<String>>,
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
    pub(super) async fn send(&mut self, text: String) -> Result<(), RequestFailure> {
        let sent = self.sink.send(Message::text(text)).await;
        sent.map_err(|error| (Outcome::Reset, format!("cannot send: {error}")))
    }

    /// The next text, with the time at which it arrived; an error once no more will arrive.
    pub(super) async fn next(&self) -> Result<(Nanos, Utf8Bytes), RequestFailure> {
        loop {
            if let Some(next) = self.inbox.texts.borrow_mut().pop_front() {
                return Ok(next);
            }
            if let Some(why) = self.inbox.ended.borrow().clone() {
                return Err((Outcome::Reset, why));
            }
            self.inbox.changed.notified().await;
        }
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
    let unsent = |why: String| (0, (Outcome::Dropped, why));
    let mut message = upgrade(endpoint, request).map_err(|error| unsent(error.to_string()))?;
    let key = generate_key()
        .try_into()
        .map_err(|_| unsent("no key".to_owned()))?;
    let headers = message.headers_mut();
    for (name, value) in [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        ),
        (header::SEC_WEBSOCKET_KEY, key),
    ] {
        headers.insert(name, value);
    }
    let stream = tcp(endpoint.address)
        .await
        .map_err(|error| (0, connect_failure("connect", &error)))?;
    endpoint.connected();
    *sent = endpoint.clock.now();
    // The crate's buffers of 128 KiB each would take a gigabyte for thousands of sockets.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(LARGEST_TEXT))
        .max_frame_size(Some(LARGEST_TEXT));
    match client_async_with_config(message, stream, Some(config)).await {
        Ok((stream, _head)) => Ok(stream),
        Err(tungstenite::Error::Http(response)) => {
            let status = response.status().as_u16();
            let why = format!("expected 101, got {status}");
            Err((status, (Outcome::HttpError, why)))
        }
        Err(error) => Err((0, (Outcome::Reset, format!("handshake: {error}")))),
    }
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
    let why = loop {
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => break error.to_string(),
            None => break "the socket was closed".to_owned(),
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
            Message::Close(Some(frame)) => {
                // Reading the stream to its end also sends the answering close frame.
                let why = format!("closed by the target: {} {}", frame.code, frame.reason);
                while let Some(Ok(_)) = stream.next().await {}
                break why;
            }
            // The crate answers pings; other frames carry no text.
            _ => {}
        }
    };
    *inbox.ended.borrow_mut() = Some(why);
    inbox.changed.notify_one();
}
