//! A virtual user's WebSocket: a reader that stamps every text when it comes, a bounded queue,
//! and exchanges over it.

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
    bench::Bench,
    connection::Failure,
    user::{Stage, User, settle},
    wire::tcp,
};
use crate::{
    request::Request,
    sample::{OpId, Outcome},
    units::Nanos,
};

/// Texts that wait for a flow; beyond, the oldest goes.
const QUEUE: usize = 1_024;
/// Longest text that is read.
const LARGEST_TEXT: usize = 1024 * 1024;
/// Longest wait for the other side's farewell.
const FAREWELL: Duration = Duration::from_secs(1);

type Stream = WebSocketStream<TcpStream>;
/// Tells which operation an incoming text settles, and how.
type OnText<'a> = dyn FnMut(&str) -> Option<(usize, Result<(), String>)> + 'a;

/// What the reader leaves for the flow.
#[derive(Default)]
struct Inbox {
    texts: RefCell<VecDeque<(Nanos, Utf8Bytes)>>,
    overflow: Cell<u64>,
    /// Why no more will come.
    ended: RefCell<Option<String>>,
    news: Notify,
}

/// An open socket. Dropping it closes the connection without a farewell.
pub(super) struct Socket {
    sink: SplitSink<Stream, Message>,
    inbox: Rc<Inbox>,
    reader: AbortHandle,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Socket {
    pub(super) fn is_open(&self) -> bool {
        self.inbox.ended.borrow().is_none()
    }

    pub(super) fn overflow(&self) -> u64 {
        self.inbox.overflow.get()
    }

    /// Says farewell and waits a moment for the answer.
    pub(super) async fn close(mut self) {
        let farewell = async {
            if self.is_open() && self.sink.send(Message::Close(None)).await.is_ok() {
                while self.is_open() {
                    self.inbox.news.notified().await;
                }
            }
        };
        let _impolite = timeout(FAREWELL, farewell).await;
    }
}

/// Opens the user's socket, unless it is open, and records how that went.
pub(super) async fn open(user: &mut User, op: OpId, request: Request) -> bool {
    if user.socket.as_ref().is_some_and(Socket::is_open) {
        return true;
    }
    user.socket = None;
    user.begin(std::iter::once(op));
    let left = user.bench.left(user.intended).duration();
    let sent = &mut user.entries[0].sample.sent;
    let opened = timeout(left, handshake(&user.bench, request, sent))
        .await
        .unwrap_or_else(|_elapsed| Err((0, (Outcome::Timeout, "no handshake in time".to_owned()))));
    let done = user.bench.clock.now();
    user.entries[0].sample.done = done;
    let opened = match opened {
        Ok(stream) => {
            user.entries[0].sample.status = 101;
            user.settle_entry(0, Outcome::Ok, None);
            user.socket = Some(start(&user.bench, stream));
            true
        }
        Err((status, (outcome, why))) => {
            user.entries[0].sample.status = status;
            user.settle_entry(0, outcome, Some(&why));
            false
        }
    };
    user.advance();
    opened
}

/// Sends `text` and hands incoming texts to `on_text` until each of `ops` is settled.
pub(super) async fn exchange(
    user: &mut User,
    ops: &[OpId],
    text: Option<String>,
    on_text: &mut OnText<'_>,
) -> bool {
    user.begin(ops.iter().copied());
    let now = user.bench.clock.now();
    for entry in &mut user.entries {
        entry.sample.sent = now;
    }
    let left = user.bench.left(user.intended).duration();
    let talked = timeout(left, talk(user, text, on_text)).await;
    let (outcome, why) = match talked {
        Ok(Ok(())) => (Outcome::Ok, String::new()),
        Ok(Err(failure)) => failure,
        Err(_elapsed) => (Outcome::Timeout, "no such text in time".to_owned()),
    };
    // Those that a text settled are recorded already, and stay so.
    let complete = user
        .entries
        .iter()
        .all(|entry| entry.stage == Stage::Settled);
    for index in 0..user.entries.len() {
        user.settle_entry(index, outcome, Some(&why));
    }
    user.advance();
    complete
}

async fn talk(
    user: &mut User,
    text: Option<String>,
    on_text: &mut OnText<'_>,
) -> Result<(), Failure> {
    let Some(socket) = &mut user.socket else {
        return Err((Outcome::Reset, "the socket is not open".to_owned()));
    };
    if let Some(text) = text {
        let sent = socket.sink.send(Message::text(text)).await;
        sent.map_err(|error| (Outcome::Reset, format!("cannot send: {error}")))?;
    }
    let inbox = Rc::clone(&socket.inbox);
    while user
        .entries
        .iter()
        .any(|entry| entry.stage != Stage::Settled)
    {
        let next = inbox.texts.borrow_mut().pop_front();
        let Some((came, text)) = next else {
            if let Some(why) = inbox.ended.borrow().clone() {
                return Err((Outcome::Reset, why));
            }
            inbox.news.notified().await;
            continue;
        };
        let Some((index, result)) = on_text(&text) else {
            continue;
        };
        let Some(entry) = user.entries.get_mut(index) else {
            continue;
        };
        if entry.stage == Stage::Open {
            // A text that was queued before the send settles at once, not in the past.
            entry.sample.done = came.max(entry.sample.sent);
            entry.sample.bytes_in = text.len() as u64;
            match result {
                Ok(()) => settle(&user.bench, entry, Outcome::Ok, None),
                Err(why) => settle(&user.bench, entry, Outcome::BodyMismatch, Some(&why)),
            }
        }
    }
    Ok(())
}

async fn handshake(
    bench: &Bench,
    request: Request,
    sent: &mut Nanos,
) -> Result<Stream, (u16, Failure)> {
    let unsent = |why: String| (0, (Outcome::Dropped, why));
    let host = bench.host.to_str().unwrap_or("localhost").to_owned();
    let mut message = http::Request::get(format!("ws://{host}{}", request.path))
        .header(header::HOST, bench.host.clone())
        .header(header::CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .header(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        )
        .header(header::SEC_WEBSOCKET_KEY, generate_key())
        .body(())
        .map_err(|error| unsent(error.to_string()))?;
    for (name, value) in request.headers {
        message.headers_mut().append(name, value);
    }
    let stream = tcp(bench.target)
        .await
        .map_err(|error| (0, (Outcome::Connect, format!("connect: {error}"))))?;
    *sent = bench.clock.now();
    // Thousands of sockets: the crate's buffers of 128 KiB each would be a gigabyte.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(LARGEST_TEXT))
        .max_frame_size(Some(LARGEST_TEXT));
    match client_async_with_config(message, stream, Some(config)).await {
        Ok((stream, _response)) => Ok(stream),
        Err(tungstenite::Error::Http(answer)) => {
            let status = answer.status().as_u16();
            let why = format!("expected 101, got {status}");
            Err((status, (Outcome::HttpError, why)))
        }
        Err(error) => Err((0, (Outcome::Reset, format!("handshake: {error}")))),
    }
}

fn start(bench: &Rc<Bench>, stream: Stream) -> Socket {
    let (sink, stream) = stream.split();
    let inbox = Rc::new(Inbox::default());
    let reader = spawn_local(read(Rc::clone(bench), stream, Rc::clone(&inbox)));
    Socket {
        sink,
        inbox,
        reader: reader.abort_handle(),
    }
}

async fn read(bench: Rc<Bench>, mut stream: SplitStream<Stream>, inbox: Rc<Inbox>) {
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
                    bench.shard.borrow_mut().socket_overflow += 1;
                }
                texts.push_back((bench.clock.now(), text));
                drop(texts);
                inbox.news.notify_one();
            }
            Message::Close(Some(frame)) => {
                // The stream is read to its end, which also sends the answer to the farewell.
                let why = format!("closed by the target: {} {}", frame.code, frame.reason);
                while let Some(Ok(_)) = stream.next().await {}
                break why;
            }
            // Pings are answered by the crate; the chat speaks text only.
            _ => {}
        }
    };
    *inbox.ended.borrow_mut() = Some(why);
    inbox.news.notify_one();
}
