//! One keep-alive HTTP/1.1 connection, and one request over it.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::{AbortHandle, spawn_local},
};

use super::{
    bench::Bench,
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

/// A connection in hand. Dropping it closes it.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Closes the socket now, also in the middle of an answer that nobody waits for.
        self.task.abort();
    }
}

impl Connection {
    async fn open(bench: &Bench) -> Result<Self, Failure> {
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
        // How the connection ends is told to the request on it; idle, it does not matter.
        let task = spawn_local(async move {
            let _ended = connection.await;
        });
        Ok(Self {
            sender,
            task: task.abort_handle(),
        })
    }

    /// Makes sure that there is a connection that was not closed by the other side.
    pub(super) async fn ready(slot: &mut Option<Self>, bench: &Bench) -> Result<(), Failure> {
        if let Some(connection) = slot
            && connection.sender.ready().await.is_ok()
        {
            return Ok(());
        }
        *slot = None;
        *slot = Some(Self::open(bench).await?);
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
            talk(bench, &mut own, request, sample),
        )
        .await;
    let reply = answer.unwrap_or_else(|| Err(late()))?;
    *slot = own;
    Ok(reply)
}

async fn talk(
    bench: &Bench,
    slot: &mut Option<Connection>,
    request: Request,
    sample: &mut Sample,
) -> Result<Reply, Failure> {
    let mut message = message(bench, request)?;
    let mut again = true;
    let response = loop {
        Connection::ready(slot, bench).await?;
        let Some(connection) = slot.as_mut() else {
            return Err((Outcome::Connect, "no connection".to_owned()));
        };
        sample.sent = bench.clock.now();
        match connection.sender.try_send_request(message).await {
            Ok(response) => break response,
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
        body: read(body).await?,
    })
}

fn message(bench: &Bench, request: Request) -> Result<http::Request<Full<Bytes>>, Failure> {
    let uri = Uri::try_from(request.path)
        .map_err(|error| (Outcome::Dropped, format!("not a path: {error}")))?;
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = uri;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
    headers.insert(header::HOST, bench.host.clone());
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
