//! One HTTP connection of a virtual user, and one request over it.

use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::future::Either;
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
    connection_driver::ConnectionDriver,
    http2::Http2Sender,
    message::{HttpMessage, MAX_BODY_BYTES, RequestFailure},
    request_timer::RequestTimer,
    stream::{self, ClientStream},
    worker_context::WorkerContext,
};
use crate::{
    check::Reply,
    sample::{Outcome, Sample},
};

/// An open connection. Dropping it closes it, also in the middle of a response.
pub(super) struct Connection {
    sender: Sender,
    /// Polls hyper's connection future; absent for a shared connection, which has its own task.
    driver: Option<ConnectionDriver>,
}

enum Sender {
    /// HTTP/1.1: one user's own.
    Own(SendRequest<Full<Bytes>>),
    /// HTTP/2: shared with the users of one group.
    Shared(Http2Sender),
}

type SendResult = Result<http::Response<Incoming>, TrySendError<HttpMessage>>;

impl Sender {
    fn is_ready(&self) -> bool {
        match self {
            Self::Own(sender) => sender.is_ready(),
            Self::Shared(sender) => sender.is_ready(),
        }
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Own(sender) => sender.ready().await,
            Self::Shared(sender) => sender.ready().await,
        }
    }

    /// The message is handed over when this returns, so the future does not hold it: every request
    /// has such a future, and it is kept small.
    fn send(&mut self, message: HttpMessage) -> impl Future<Output = SendResult> + use<> {
        match self {
            Self::Own(sender) => Either::Left(sender.try_send_request(message)),
            Self::Shared(sender) => Either::Right(sender.try_send_request(message)),
        }
    }
}

impl Connection {
    async fn open(worker: &WorkerContext, user: u32) -> Result<Self, RequestFailure> {
        let endpoint = worker.endpoint(user);
        let opened = |times| worker.record_connection(endpoint, times);
        if let Some(users) = endpoint.client.http2_streams {
            let group = user / users;
            let sender = worker.http2.sender(group, endpoint, opened).await?;
            return Ok(Self {
                sender: Sender::Shared(sender),
                driver: None,
            });
        }
        let (stream, times) = stream::open(endpoint).await?;
        opened(times);
        match stream {
            ClientStream::Tcp(stream) => Self::over(stream).await,
            ClientStream::Unix(stream) => Self::over(stream).await,
            ClientStream::Tls(stream) => Self::over(stream).await,
            ClientStream::TlsUnix(stream) => Self::over(stream).await,
        }
    }

    async fn over<S>(stream: S) -> Result<Self, RequestFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        // A request is written in one buffer: a plain write is cheaper for the kernel than writev.
        let (sender, connection) = Builder::new()
            .writev(false)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| (Outcome::Connect, error.to_string()))?;
        Ok(Self {
            sender: Sender::Own(sender),
            driver: Some(ConnectionDriver::new(Box::pin(connection))),
        })
    }

    /// Makes sure that there is a connection that was not closed by the other side.
    pub(super) async fn ready(
        slot: &mut Option<Self>,
        worker: &WorkerContext,
        user: u32,
    ) -> Result<(), RequestFailure> {
        if worker.endpoint(user).client.cookie_client.is_some() {
            // It connects by itself.
            return Ok(());
        }
        if let Some(Self { sender, driver }) = slot {
            let quiet = driver.as_ref().is_some_and(ConnectionDriver::is_quiet);
            if quiet && sender.is_ready() {
                return Ok(());
            }
        }
        if let Some(Self { sender, driver }) = slot
            && drive(driver, pin!(sender.ready())).await.is_ok()
        {
            return Ok(());
        }
        *slot = None;
        // Rare, and a large future: boxed, it does not enlarge the future of every request.
        let mut connection = Box::pin(Self::open(worker, user)).await?;
        let Self { sender, driver } = &mut connection;
        drive(driver, pin!(sender.ready()))
            .await
            .map_err(|error| (Outcome::Connect, error.to_string()))?;
        *slot = Some(connection);
        Ok(())
    }
}

/// Waits for `work` on a connection and polls an own connection meanwhile.
async fn drive<F: Future>(driver: &mut Option<ConnectionDriver>, work: Pin<&mut F>) -> F::Output {
    match driver {
        Some(driver) => driver.drive(work).await,
        None => work.await,
    }
}

/// Sends one request and reads its response to the last byte, within the timeout that counts from
/// the sample's intended start. `sent` is set when a connection is open and the request goes out,
/// `first_byte` when the head of the response has arrived.
///
/// The connection stays in the slot only after a complete response. The message is taken out of
/// its option: passed by value, an `async fn` would reserve space for it twice in every request.
pub(super) async fn exchange(
    worker: &WorkerContext,
    slot: &mut Option<Connection>,
    user: u32,
    timer: &mut RequestTimer,
    message: &mut Option<HttpMessage>,
    sample: &mut Sample,
) -> Result<Reply, RequestFailure> {
    let until = sample.intended + worker.timeout;
    let late = || {
        let limit = shared::time::Millis(worker.timeout.0 / 1_000_000);
        (Outcome::Timeout, format!("no response within {limit}"))
    };
    if sample.admitted >= until {
        return Err(late());
    }
    let answer = {
        let until = worker.clock.instant(until);
        let endpoint = worker.endpoint(user);
        if let Some(options) = endpoint.client.cookie_client {
            let clients = &worker.cookie_clients;
            let exchange = Box::pin(clients.exchange(endpoint, options, user, message, sample));
            timer.bound(until, pin!(exchange)).await
        } else {
            let exchange = pin!(send_and_read(worker, slot, user, message, sample));
            timer.bound(until, exchange).await
        }
    };
    let reply = answer.unwrap_or_else(|| Err(late()));
    if reply.is_err() {
        *slot = None;
    }
    reply
}

async fn send_and_read(
    worker: &WorkerContext,
    slot: &mut Option<Connection>,
    user: u32,
    message: &mut Option<HttpMessage>,
    sample: &mut Sample,
) -> Result<Reply, RequestFailure> {
    let mut again = true;
    let (response, driver) = loop {
        Connection::ready(slot, worker, user).await?;
        let Some(Connection { sender, driver }) = slot.as_mut() else {
            return Err((Outcome::Connect, "no connection".to_owned()));
        };
        let Some(unsent) = message.take() else {
            return Err((
                Outcome::Dropped,
                "its path is not a valid HTTP path".to_owned(),
            ));
        };
        sample.sent = worker.clock.now();
        let sending = pin!(sender.send(unsent));
        match drive(driver, sending).await {
            Ok(response) => break (response, driver),
            Err(mut error) => match error.take_message() {
                // The server had closed the idle connection and nothing was sent, so one retry on
                // a new connection cannot send a request twice.
                Some(unsent) if again => {
                    again = false;
                    *message = Some(unsent);
                    *slot = None;
                }
                _ => return Err(broken(&error.into_error())),
            },
        }
    };
    sample.first_byte = worker.clock.now();
    let (head, body) = response.into_parts();
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: drive(driver, pin!(read(body))).await?,
    })
}

async fn read(mut body: Incoming) -> Result<Bytes, RequestFailure> {
    // Most bodies arrive in one frame, which is then not copied.
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else {
            continue;
        };
        if first.len() + more.len() + data.len() > MAX_BODY_BYTES {
            let why = format!("the body is longer than {MAX_BODY_BYTES} bytes");
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

fn broken(error: &hyper::Error) -> RequestFailure {
    use std::error::Error as _;
    let why = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    (Outcome::Reset, why)
}
