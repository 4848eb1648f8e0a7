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
        Message, Utf8Bytes,
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
/// Longest wait for the server's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Frames over an upgraded HTTP/1.1 connection.
type WsStream = WebSocketStream<ClientStream>;

/// Texts that the reader has received and the flow has not read yet.
#[derive(Default)]
struct Inbox {
    /// Each with the time at which it arrived.
    texts: RefCell<VecDeque<(Nanos, Utf8Bytes)>>,
    overflow: Cell<u64>,
    /// Why no more texts will arrive.
    ended: RefCell<Option<RequestFailure>>,
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
        sent.map_err(|error| failure(Outcome::Reset, "cannot send", &error))
    }

    /// The next text, with the time at which it arrived; an error once no more will arrive.
    pub(super) async fn next(&self) -> Result<(Nanos, Utf8Bytes), RequestFailure> {
        loop {
            if let Some(next) = self.inbox.texts.borrow_mut().pop_front() {
                return Ok(next);
            }
            if let Some(failure) = self.inbox.ended.borrow().clone() {
                return Err(failure);
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
            Some(Err(error)) => break failure(Outcome::Reset, "cannot receive", &error),
            None => break (Outcome::Reset, "the socket was closed".to_owned()),
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
                break (Outcome::Reset, why);
            }
            // The crate answers pings; other frames carry no text.
            _ => {}
        }
    };
    *inbox.ended.borrow_mut() = Some(ended);
    inbox.changed.notify_one();
}
