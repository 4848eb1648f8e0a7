//! One HTTP connection of a virtual user, and one request over it.

use std::{pin::pin, rc::Rc};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::{
    body_prefix::BodyPrefix,
    client_endpoint::ClientEndpoint,
    failure_text::{exchange_failure, http1_failure, no_response_within, plain_failure},
    first_byte::FirstByte,
    http1_client::Http1Client,
    http1_error::Http1Error,
    http2::Http2Sender,
    message::{RequestFailure, message},
    request_timer::RequestTimer,
    resend::{FailedAttempt, is_closed, is_idempotent, is_refused, was_idle},
    stream,
    worker_context::WorkerContext,
};
use crate::{
    check::Reply,
    request::Request,
    sample::{Outcome, Sample},
    units::Nanos,
};

/// An open connection. Dropping it closes it, also in the middle of a response.
pub(super) struct Connection {
    client: HttpClient,
    /// When this user received the last response on it.
    answered: Option<Nanos>,
}

enum HttpClient {
    /// HTTP/1.1: one user's own.
    Own(Box<Http1Client>),
    /// HTTP/2: shared with the users of one group.
    Shared(Http2Sender, Rc<FirstByte>),
}

/// How an exchange on an open connection failed.
enum ExchangeError {
    /// There was no response, and the request may be sent again where the attempt allows it.
    Unanswered(FailedAttempt),
    /// There is none that another attempt could give.
    Final(RequestFailure),
}

impl Connection {
    async fn open(worker: &WorkerContext, user: u32) -> Result<Self, RequestFailure> {
        let endpoint = worker.endpoint(user);
        let opened = |times| worker.record_connection(endpoint, times);
        let client = if let Some(users) = endpoint.client.http2_streams {
            let group = user / users;
            let shared = worker.http2.sender(group, endpoint, opened).await?;
            let first = Rc::clone(&shared.first);
            HttpClient::Shared(shared, first)
        } else {
            let (stream, times) = stream::open(endpoint).await?;
            opened(times);
            HttpClient::Own(Box::new(Http1Client::new(stream)))
        };
        Ok(Self {
            client,
            answered: None,
        })
    }

    /// Whether a request can be sent on it, as far as is known.
    fn is_usable(&mut self) -> bool {
        match &mut self.client {
            HttpClient::Own(client) => client.is_usable(),
            HttpClient::Shared(shared, _) => shared.is_usable(),
        }
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
        if let Some(connection) = slot
            && connection.is_usable()
        {
            return Ok(());
        }
        *slot = None;
        // Rare, and a large future: boxed, it does not enlarge the future of every request.
        let mut connection = Box::pin(Self::open(worker, user)).await?;
        if let HttpClient::Shared(shared, _) = &mut connection.client {
            let ready = shared.sender.ready().await;
            ready.map_err(|error| (Outcome::Connect, plain_failure(&error)))?;
        }
        *slot = Some(connection);
        Ok(())
    }
}

/// Sends one request and reads its response to the last byte, within the timeout that counts from
/// the sample's intended start; as many bytes of the body are kept as the request says. `sent` is set
/// when a connection is open and the request goes out for the first time, `first_byte` when the head
/// of the response has arrived, `done` when the exchange is over.
///
/// The connection stays in the slot only after a complete response.
pub(super) async fn exchange(
    worker: &WorkerContext,
    slot: &mut Option<Connection>,
    user: u32,
    timer: &mut RequestTimer,
    request: &Request,
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
            let exchange = Box::pin(clients.exchange(client, user, request, sample, again));
            timer.bound(until, pin!(exchange)).await
        } else {
            let exchange = pin!(send_and_read(worker, slot, user, request, sample));
            timer.bound(until, exchange).await
        }
    };
    let reply = answer.unwrap_or_else(|| Err(late()));
    // Whatever is made of the answer, printed or unpacked, is none of its time.
    sample.done = worker.clock.now();
    if reply.is_err() {
        *slot = None;
    } else if let Some(connection) = slot {
        connection.answered = Some(sample.done);
    }
    reply
}

async fn send_and_read(
    worker: &WorkerContext,
    slot: &mut Option<Connection>,
    user: u32,
    request: &Request,
    sample: &mut Sample,
) -> Result<Reply, RequestFailure> {
    let mut failed = 0;
    loop {
        Connection::ready(slot, worker, user).await?;
        let Some(connection) = slot.as_mut() else {
            return Err((Outcome::Connect, "no connection".to_owned()));
        };
        if sample.sent == Nanos(0) {
            sample.sent = worker.clock.now();
        }
        let endpoint = worker.endpoint(user);
        let result = match &mut connection.client {
            HttpClient::Own(client) => http1(client, endpoint, request, sample).await,
            HttpClient::Shared(shared, first) => {
                // Several futures of the library: boxed, they do not enlarge that of HTTP/1.1.
                Box::pin(http2(shared, first, endpoint, request, sample)).await
            }
        };
        let attempt = match result {
            Ok(reply) => return Ok(reply),
            Err(ExchangeError::Final(failure)) => return Err(failure),
            Err(ExchangeError::Unanswered(attempt)) => attempt,
        };
        let idle = was_idle(connection.answered, sample.sent);
        if !attempt.may_resend(idle, is_idempotent(request), failed) {
            return Err((Outcome::Reset, attempt.why));
        }
        failed += 1;
        worker.shard.borrow_mut().resend(sample.intended);
        *slot = None;
    }
}

async fn http1(
    client: &mut Http1Client,
    endpoint: &ClientEndpoint,
    request: &Request,
    sample: &mut Sample,
) -> Result<Reply, ExchangeError> {
    let failure = |client: &Http1Client, error: &Http1Error| http1_failure(error, client.first());
    let head = client.send(endpoint, request).await.map_err(|error| {
        ExchangeError::Unanswered(FailedAttempt {
            why: failure(client, &error),
            refused: false,
            closed: error.is_closed(),
            unsent: client.is_unsent(),
            shared: false,
            silent: client.is_silent(),
        })
    })?;
    sample.first_byte = endpoint.clock.now();
    let (body, bytes) = client
        .read(head.body, request.keep)
        .await
        .map_err(|error| ExchangeError::Final((Outcome::Reset, failure(client, &error))))?;
    Ok(Reply {
        status: head.status,
        headers: head.headers,
        cut: bytes > body.len() as u64,
        body,
        bytes,
    })
}

async fn http2(
    shared: &mut Http2Sender,
    first: &FirstByte,
    endpoint: &ClientEndpoint,
    request: &Request,
    sample: &mut Sample,
) -> Result<Reply, ExchangeError> {
    let Some(message) = message(endpoint, request) else {
        let why = "its path is not a valid HTTP path".to_owned();
        return Err(ExchangeError::Final((Outcome::Dropped, why)));
    };
    let response = match shared.sender.try_send_request(message).await {
        Ok(response) => response,
        Err(mut error) => {
            let unsent = error.take_message().is_some();
            let error = error.into_error();
            shared.drain_after(&error);
            return Err(ExchangeError::Unanswered(FailedAttempt {
                why: exchange_failure(&error, first.get()),
                refused: is_refused(&error),
                closed: is_closed(&error),
                unsent,
                shared: true,
                // What came belongs to other streams: this one has no response.
                silent: true,
            }));
        }
    };
    sample.first_byte = endpoint.clock.now();
    let (head, body) = response.into_parts();
    let (body, bytes) = read(body, request.keep).await.map_err(|error| {
        ExchangeError::Final((Outcome::Reset, exchange_failure(&error, first.get())))
    })?;
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers.into(),
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
