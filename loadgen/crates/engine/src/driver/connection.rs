//! One HTTP connection of a virtual user, and one request over it.

use std::{
    pin::{Pin, pin},
    rc::Rc,
};

use bytes::Bytes;
use futures_util::future::Either;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1::SendRequest},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    body_prefix::BodyPrefix,
    connection_driver::ConnectionDriver,
    failure_text::{exchange_failure, no_response_within, plain_failure},
    http1,
    http2::Http2Sender,
    message::{HttpMessage, RequestFailure},
    received::{CountedStream, ReceivedBytes},
    request_timer::RequestTimer,
    resend::{FailedAttempt, is_idempotent, was_idle},
    stream::{self, ClientStream},
    worker_context::WorkerContext,
};
use crate::{
    check::Reply,
    sample::{Outcome, Sample},
    units::Nanos,
};

/// An open connection. Dropping it closes it, also in the middle of a response.
pub(super) struct Connection {
    sender: Sender,
    /// Polls hyper's connection future; absent for a shared connection, which has its own task.
    driver: Option<ConnectionDriver>,
    received: Rc<ReceivedBytes>,
    /// When this user received the last response on it.
    answered: Option<Nanos>,
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
            Self::Shared(shared) => shared.is_usable(),
        }
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Own(sender) => sender.ready().await,
            Self::Shared(shared) => shared.sender.ready().await,
        }
    }

    /// The message is handed over when this returns, so the future does not hold it: every request
    /// has such a future, and it is kept small.
    fn send(&mut self, message: HttpMessage) -> impl Future<Output = SendResult> + use<> {
        match self {
            Self::Own(sender) => Either::Left(sender.try_send_request(message)),
            Self::Shared(shared) => Either::Right(shared.sender.try_send_request(message)),
        }
    }
}

impl Connection {
    async fn open(worker: &WorkerContext, user: u32) -> Result<Self, RequestFailure> {
        let endpoint = worker.endpoint(user);
        let opened = |times| worker.record_connection(endpoint, times);
        if let Some(users) = endpoint.client.http2_streams {
            let group = user / users;
            let shared = worker.http2.sender(group, endpoint, opened).await?;
            return Ok(Self {
                received: Rc::clone(&shared.received),
                sender: Sender::Shared(shared),
                driver: None,
                answered: None,
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
        let (stream, received) = CountedStream::new(stream);
        let (sender, connection) = http1::over(stream).await?;
        Ok(Self {
            sender: Sender::Own(sender),
            driver: Some(ConnectionDriver::new(Box::pin(connection))),
            received,
            answered: None,
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
        if let Some(Self { sender, driver, .. }) = slot {
            let quiet = driver.as_ref().is_none_or(ConnectionDriver::is_quiet);
            if quiet && sender.is_ready() {
                return Ok(());
            }
        }
        // A shared connection that cannot be used does not become usable again.
        if let Some(Self { sender, driver, .. }) = slot
            && driver.is_some()
            && drive(driver, pin!(sender.ready())).await.is_ok()
        {
            return Ok(());
        }
        *slot = None;
        // Rare, and a large future: boxed, it does not enlarge the future of every request.
        let mut connection = Box::pin(Self::open(worker, user)).await?;
        let Self { sender, driver, .. } = &mut connection;
        drive(driver, pin!(sender.ready()))
            .await
            .map_err(|error| (Outcome::Connect, plain_failure(&error)))?;
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
/// the sample's intended start; at most `keep` bytes of the body are kept. `sent` is set when a
/// connection is open and the request goes out for the first time, `first_byte` when the head of
/// the response has arrived.
///
/// The connection stays in the slot only after a complete response. The message is passed by
/// reference: by value, an `async fn` would reserve space for it twice in every request.
pub(super) async fn exchange(
    worker: &WorkerContext,
    slot: &mut Option<Connection>,
    user: u32,
    timer: &mut RequestTimer,
    message: &mut Option<HttpMessage>,
    keep: usize,
    sample: &mut Sample,
) -> Result<Reply, RequestFailure> {
    let until = sample.intended + worker.timeout;
    let late = || {
        (
            Outcome::Timeout,
            no_response_within(worker.timeout.duration()),
        )
    };
    if sample.admitted >= until {
        return Err(late());
    }
    let answer = {
        let until = worker.clock.instant(until);
        let endpoint = worker.endpoint(user);
        if let Some(options) = endpoint.client.cookie_client {
            let clients = &worker.cookie_clients;
            let intended = sample.intended;
            let again = || worker.shard.borrow_mut().resend(intended);
            let client = (endpoint, options);
            let exchange = Box::pin(clients.exchange(client, user, message, keep, sample, again));
            timer.bound(until, pin!(exchange)).await
        } else {
            let exchange = pin!(send_and_read(worker, slot, user, message, keep, sample));
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
    keep: usize,
    sample: &mut Sample,
) -> Result<Reply, RequestFailure> {
    let mut failed = 0;
    let (response, connection) = loop {
        Connection::ready(slot, worker, user).await?;
        let Some(connection) = slot.as_mut() else {
            return Err((Outcome::Connect, "no connection".to_owned()));
        };
        let Some(request) = message.as_ref() else {
            return Err((
                Outcome::Dropped,
                "its path is not a valid HTTP path".to_owned(),
            ));
        };
        if sample.sent == Nanos(0) {
            sample.sent = worker.clock.now();
        }
        let received = connection.received.bytes();
        // A copy, because the request may have to be sent again.
        let sending = pin!(connection.sender.send(request.clone()));
        let mut error = match drive(&mut connection.driver, sending).await {
            Ok(response) => break (response, connection),
            Err(error) => error,
        };
        let unsent = error.take_message().is_some();
        let error = error.into_error();
        let silent = match &connection.sender {
            Sender::Own(_) => connection.received.bytes() == received,
            // What came belongs to other streams: this one has no response.
            Sender::Shared(shared) => {
                shared.drain_after(&error);
                true
            }
        };
        let attempt = FailedAttempt {
            error: &error,
            unsent,
            shared: connection.driver.is_none(),
            idle: was_idle(connection.answered, sample.sent),
            silent,
            idempotent: is_idempotent(request),
            before: failed,
        };
        if !attempt.may_resend() {
            let why = exchange_failure(&error, connection.received.first());
            return Err((Outcome::Reset, why));
        }
        failed += 1;
        worker.shard.borrow_mut().resend(sample.intended);
        *slot = None;
    };
    sample.first_byte = worker.clock.now();
    let (head, body) = response.into_parts();
    let Connection {
        driver, received, ..
    } = connection;
    let (body, bytes) = drive(driver, pin!(read(body, keep)))
        .await
        .map_err(|error| (Outcome::Reset, exchange_failure(&error, received.first())))?;
    connection.answered = Some(worker.clock.now());
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        cut: bytes > body.len() as u64,
        body,
        bytes,
    })
}

async fn read(mut body: Incoming, keep: usize) -> hyper::Result<(Bytes, u64)> {
    let mut prefix = BodyPrefix::new(keep);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            prefix.push(data);
        }
    }
    Ok(prefix.finish())
}
