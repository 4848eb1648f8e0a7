//! One connection in a virtual user's hand, and one request over it.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{SendRequest, handshake},
    },
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    bench::Bench,
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
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// Why there is no answer: how it counts, and one line for people.
pub(super) type Failure = (Outcome, String);

/// A connection in hand. Dropping it closes it, also in the middle of an answer that nobody
/// waits for.
///
/// It has no task of its own: who uses it drives it, and between two requests nobody does. That
/// saves two task switches a request and a task's memory a user.
pub(super) struct Connection {
    sender: Sender,
    /// hyper's side of it; absent once the connection has ended, and of a shared one, which has
    /// a task.
    driver: Option<LocalBoxFuture<'static, hyper::Result<()>>>,
}

enum Sender {
    /// HTTP/1.1: the user's own.
    Own(SendRequest<Full<Bytes>>),
    /// HTTP/2: shared with the users of one group.
    Shared(Streams),
}

type Sent = Result<http::Response<Incoming>, TrySendError<http::Request<Full<Bytes>>>>;

impl Sender {
    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Own(sender) => sender.ready().await,
            Self::Shared(streams) => streams.ready().await,
        }
    }

    async fn send(&mut self, message: http::Request<Full<Bytes>>) -> Sent {
        match self {
            Self::Own(sender) => sender.try_send_request(message).await,
            Self::Shared(streams) => streams.try_send_request(message).await,
        }
    }
}

impl Connection {
    async fn open(bench: &Bench, user: u32) -> Result<Self, Failure> {
        if let Some(streams) = bench.wire.http2_streams {
            let streams = bench.multiplexed.streams(user / streams, bench).await?;
            return Ok(Self {
                sender: Sender::Shared(streams),
                driver: None,
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
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| (Outcome::Connect, error.to_string()))?;
        Ok(Self {
            sender: Sender::Own(sender),
            driver: Some(Box::pin(connection)),
        })
    }

    /// Waits for `work` on this connection and keeps the connection going meanwhile.
    async fn drive<T>(
        driver: &mut Option<LocalBoxFuture<'static, hyper::Result<()>>>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            // What the connection has read is looked at in the same breath, not one wake-up
            // later; and once more where that let the connection go on.
            for _ in 0..2 {
                // How the connection ends is told to the request on it.
                if let Some(connection) = driver
                    && connection.as_mut().poll(context).is_ready()
                {
                    *driver = None;
                }
                if let Poll::Ready(done) = work.as_mut().poll(context) {
                    return Poll::Ready(done);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Makes sure that there is a connection that was not closed by the other side.
    pub(super) async fn ready(
        slot: &mut Option<Self>,
        bench: &Bench,
        user: u32,
    ) -> Result<(), Failure> {
        if let Some(Self { sender, driver }) = slot
            && Self::drive(driver, sender.ready()).await.is_ok()
        {
            return Ok(());
        }
        *slot = None;
        let mut connection = Self::open(bench, user).await?;
        let Self { sender, driver } = &mut connection;
        Self::drive(driver, sender.ready())
            .await
            .map_err(|error| (Outcome::Connect, error.to_string()))?;
        *slot = Some(connection);
        Ok(())
    }
}

/// Sends one request and reads its answer to the last byte, within the time limit that counts
/// from the sample's intended start. `sent` is set when a connection is in hand and the request
/// goes out, `first_byte` when the head of the answer has come.
///
/// The connection stays in the slot only after a whole answer.
pub(super) async fn exchange(
    bench: &Bench,
    slot: &mut Option<Connection>,
    user: u32,
    patience: &mut Patience,
    request: Request,
    sample: &mut Sample,
) -> Result<Reply, Failure> {
    let late = || {
        let limit = shared::time::Millis(bench.timeout.0 / 1_000_000);
        (Outcome::Timeout, format!("no answer within {limit}"))
    };
    let until = sample.intended + bench.timeout;
    if sample.admitted >= until {
        return Err(late());
    }
    let mut own = slot.take();
    let answer = patience
        .bound(
            bench.clock.instant(until),
            talk(bench, &mut own, user, request, sample),
        )
        .await;
    let reply = answer.unwrap_or_else(|| Err(late()))?;
    *slot = own;
    Ok(reply)
}

async fn talk(
    bench: &Bench,
    slot: &mut Option<Connection>,
    user: u32,
    request: Request,
    sample: &mut Sample,
) -> Result<Reply, Failure> {
    let mut message = message(bench, request)?;
    let mut again = true;
    let (response, driver) = loop {
        Connection::ready(slot, bench, user).await?;
        let Some(Connection { sender, driver }) = slot.as_mut() else {
            return Err((Outcome::Connect, "no connection".to_owned()));
        };
        sample.sent = bench.clock.now();
        match Connection::drive(driver, sender.send(message)).await {
            Ok(response) => break (response, driver),
            Err(mut error) => match error.take_message() {
                // The other side had closed the idle connection: nothing went out, so nothing
                // is sent twice by trying once more on a new one.
                Some(unsent) if again => {
                    again = false;
                    message = unsent;
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
        body: Connection::drive(driver, read(body)).await?,
    })
}

fn message(bench: &Bench, request: Request) -> Result<http::Request<Full<Bytes>>, Failure> {
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
    } else {
        Uri::try_from(request.path).map_err(Into::into)
    }
    .map_err(|error: http::Error| (Outcome::Dropped, format!("not a path: {error}")))?;
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = uri;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
    // HTTP/2 says it in the address.
    if bench.wire.http2_streams.is_none() {
        headers.insert(header::HOST, bench.host.clone());
    }
    for (name, value) in request.headers {
        headers.append(name, value);
    }
    *message.headers_mut() = headers;
    Ok(message)
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
