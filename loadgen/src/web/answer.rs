//! Answers: what every one of them says about itself, bodies that are whole and bodies that go on.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use tokio::{sync::mpsc, time::timeout};

use super::board::json;

/// An answer.
pub(super) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Time after which a silent stream says that it is still there, and finds out who is not.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A comment, which a browser passes over.
const BEAT: &[u8] = b": still here\n\n";

/// Headers of every answer: nothing is guessed, kept, framed, or told to other sites.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Nothing may be loaded or run: for data.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// A whole body of a kind, under a content security policy.
pub(super) fn whole(status: StatusCode, kind: &'static str, policy: &str, body: Bytes) -> Answer {
    dressed(status, kind, policy, Full::new(body).boxed_unsync())
}

/// JSON.
pub(super) fn data(text: String) -> Answer {
    whole(StatusCode::OK, "application/json", NOTHING, text.into())
}

/// What is wrong, in a line.
pub(super) fn problem(status: StatusCode, why: &str) -> Answer {
    let text = json(&serde_json::json!({ "error": why }));
    whole(status, "application/json", NOTHING, text.into())
}

/// The same with one more header.
pub(super) fn with(mut answer: Answer, name: HeaderName, value: &'static str) -> Answer {
    let value = HeaderValue::from_static(value);
    answer.headers_mut().insert(name, value);
    answer
}

/// Server-sent events, until the queue is closed.
pub(super) fn events(queue: mpsc::Receiver<Bytes>) -> Answer {
    let frames = stream::unfold(queue, async |mut queue| {
        let next = match timeout(HEARTBEAT, queue.recv()).await {
            Ok(next) => next?,
            Err(_) => Bytes::from_static(BEAT),
        };
        Some((Ok(Frame::data(next)), queue))
    });
    let body = StreamBody::new(Box::pin(frames)).boxed_unsync();
    dressed(StatusCode::OK, "text/event-stream", NOTHING, body)
}

fn dressed(
    status: StatusCode,
    kind: &'static str,
    policy: &str,
    body: UnsyncBoxBody<Bytes, Infallible>,
) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
