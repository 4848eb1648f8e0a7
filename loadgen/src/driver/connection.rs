//! One connection in a virtual user's hand, and one request over it.

use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::future::Either;
use http::{HeaderMap, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Builder, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    bench::Bench,
    browser,
    driven::Driven,
    multiplex::Streams,
    patience::Patience,
    wire::{self, Stream},
};
use crate::{
    check::Reply,
    request::Request,
    sample::{Outcome, Sample},
};

/// Longest body that is read.
pub(super) const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// Why there is no answer: how it counts, and one line for people.
pub(super) type Failure = (Outcome, String);

/// A connection in hand. Dropping it closes it, also in the middle of an answer that nobody
/// waits for.
pub(super) struct Connection {
    sender: Sender,
    /// hyper's side of it; absent of a shared one, which has a task.
    driven: Option<Driven>,
}

enum Sender {
    /// HTTP/1.1: the user's own.
    Own(SendRequest<Full<Bytes>>),
    /// HTTP/2: shared with the users of one group.
    Shared(Streams),
}

/// A request as the HTTP library takes it.
pub(super) type Message = http::Request<Full<Bytes>>;
type Sent = Result<http::Response<Incoming>, TrySendError<Message>>;

impl Sender {
    fn is_ready(&self) -> bool {
        match self {
            Self::Own(sender) => sender.is_ready(),
            Self::Shared(streams) => streams.is_ready(),
        }
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Own(sender) => sender.ready().await,
            Self::Shared(streams) => streams.ready().await,
        }
    }

    /// The message is on its way when this returns, and no part of the future, which every
    /// request has and which therefore is kept small.
    fn send(&mut self, message: Message) -> impl Future<Output = Sent> + use<> {
        match self {
            Self::Own(sender) => Either::Left(sender.try_send_request(message)),
            Self::Shared(streams) => Either::Right(streams.try_send_request(message)),
        }
    }
}

impl Connection {
    async fn open(bench: &Bench, user: u32) -> Result<Self, Failure> {
        if let Some(streams) = bench.wire.http2_streams {
            let streams = bench.multiplexed.streams(user / streams, bench).await?;
            return Ok(Self {
                sender: Sender::Shared(streams),
                driven: None,
            });
        }
        match wire::open(bench).await? {
            Stream::Tcp(stream) => Self::over(stream).await,
            Stream::Unix(stream) => Self::over(stream).await,
            Stream::Tls(stream) => Self::over(stream).await,
            Stream::TlsUnix(stream) => Self::over(stream).await,
        }
    }

    async fn over<S>(stream: S) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        // A request goes out in one piece, for which the kernel has a shorter way than for many.
        let (sender, connection) = Builder::new()
            .writev(false)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| (Outcome::Connect, error.to_string()))?;
        Ok(Self {
            sender: Sender::Own(sender),
            driven: Some(Driven::new(Box::pin(connection))),
        })
    }

    /// Makes sure that there is a connection that was not closed by the other side.
    pub(super) async fn ready(
        slot: &mut Option<Self>,
        bench: &Bench,
        user: u32,
    ) -> Result<(), Failure> {
        if bench.wire.browser.is_some() {
            // It connects by itself.
            return Ok(());
        }
        if let Some(Self { sender, driven }) = slot {
            let quiet = driven.as_ref().is_some_and(Driven::is_quiet);
            if quiet && sender.is_ready() {
                return Ok(());
            }
        }
        if let Some(Self { sender, driven }) = slot
            && drive(driven, pin!(sender.ready())).await.is_ok()
        {
            return Ok(());
        }
        *slot = None;
        // Rarely done and large: in a box it makes no other request's future larger.
        let mut connection = Box::pin(Self::open(bench, user)).await?;
        let Self { sender, driven } = &mut connection;
        drive(driven, pin!(sender.ready()))
            .await
            .map_err(|error| (Outcome::Connect, error.to_string()))?;
        *slot = Some(connection);
        Ok(())
    }
}

/// Waits for `work` on a connection; one's own is kept going meanwhile.
async fn drive<F: Future>(driven: &mut Option<Driven>, work: Pin<&mut F>) -> F::Output {
    match driven {
        Some(driven) => driven.drive(work).await,
        None => work.await,
    }
}

/// Sends one request and reads its answer to the last byte, within the time limit that counts
/// from the sample's intended start. `sent` is set when a connection is in hand and the request
/// goes out, `first_byte` when the head of the answer has come.
///
/// The connection stays in the slot only after a whole answer. The message is taken out of its
/// place; an `async fn` would otherwise keep room for it twice, and every request makes one.
pub(super) async fn exchange(
    bench: &Bench,
    slot: &mut Option<Connection>,
    user: u32,
    patience: &mut Patience,
    message: &mut Option<Message>,
    sample: &mut Sample,
) -> Result<Reply, Failure> {
    let until = sample.intended + bench.timeout;
    let late = || {
        let limit = shared::time::Millis(bench.timeout.0 / 1_000_000);
        (Outcome::Timeout, format!("no answer within {limit}"))
    };
    if sample.admitted >= until {
        return Err(late());
    }
    let answer = {
        let until = bench.clock.instant(until);
        if let Some(browser) = bench.wire.browser {
            let talk = Box::pin(browser::talk(bench, browser, user, message, sample));
            patience.bound(until, pin!(talk)).await
        } else {
            let talk = pin!(talk(bench, slot, user, message, sample));
            patience.bound(until, talk).await
        }
    };
    let reply = answer.unwrap_or_else(|| Err(late()));
    if reply.is_err() {
        *slot = None;
    }
    reply
}

async fn talk(
    bench: &Bench,
    slot: &mut Option<Connection>,
    user: u32,
    message: &mut Option<Message>,
    sample: &mut Sample,
) -> Result<Reply, Failure> {
    let mut again = true;
    let (response, driven) = loop {
        Connection::ready(slot, bench, user).await?;
        let Some(Connection { sender, driven }) = slot.as_mut() else {
            return Err((Outcome::Connect, "no connection".to_owned()));
        };
        let Some(unsent) = message.take() else {
            return Err((Outcome::Dropped, "its path is none of HTTP's".to_owned()));
        };
        sample.sent = bench.clock.now();
        let sending = pin!(sender.send(unsent));
        match drive(driven, sending).await {
            Ok(response) => break (response, driven),
            Err(mut error) => match error.take_message() {
                // The other side had closed the idle connection: nothing went out, so nothing
                // is sent twice by trying once more on a new one.
                Some(unsent) if again => {
                    again = false;
                    *message = Some(unsent);
                    *slot = None;
                }
                _ => return Err(broken(&error.into_error())),
            },
        }
    };
    sample.first_byte = bench.clock.now();
    let (head, body) = response.into_parts();
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: drive(driven, pin!(read(body))).await?,
    })
}

/// The request as the HTTP library takes it; `None` where its path is none.
pub(super) fn message(bench: &Bench, request: Request) -> Option<Message> {
    let uri = if bench.wire.http2_streams.is_some() {
        let scheme = if bench.wire.tls.is_some() {
            "https"
        } else {
            "http"
        };
        Uri::builder()
            .scheme(scheme)
            .authority(bench.host.as_bytes())
            .path_and_query(request.path)
            .build()
            .ok()?
    } else {
        Uri::from(request.path)
    };
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = uri;
    let encoding = bench.wire.encoding;
    let count = request.headers.len() + 1 + usize::from(encoding.is_some());
    let mut headers = HeaderMap::with_capacity(count);
    // HTTP/2 says it in the address.
    if bench.wire.http2_streams.is_none() {
        headers.insert(header::HOST, bench.host.clone());
    }
    if let Some(encoding) = encoding {
        headers.insert(header::ACCEPT_ENCODING, encoding.header());
    }
    for (name, value) in request.headers {
        headers.append(name, value);
    }
    *message.headers_mut() = headers;
    Some(message)
}

async fn read(mut body: Incoming) -> Result<Bytes, Failure> {
    // Most bodies come in one piece, which is then not copied.
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else {
            continue;
        };
        if first.len() + more.len() + data.len() > LARGEST_BODY {
            let why = format!("the body is longer than {LARGEST_BODY} bytes");
            return Err((Outcome::BodyMismatch, why));
        }
        if first.is_empty() {
            first = data;
        } else {
            more.extend_from_slice(&data);
        }
    }
    if more.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + more.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&more);
    Ok(whole.freeze())
}

fn broken(error: &hyper::Error) -> Failure {
    use std::error::Error as _;
    let why = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    (Outcome::Reset, why)
}
