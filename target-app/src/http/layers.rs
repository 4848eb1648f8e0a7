//! The layers around every route.
//!
//! One function does what every request needs (id, cost recorder, panics, counters, headers),
//! because each further layer costs every request a boxed future.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::HttpBody as _,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, Uri, header::AGE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use shared::{
    headers::{REQUEST_ID, SERVER_TIMING},
    paths,
    problem::Code,
};
use tracing::Instrument as _;

use super::{
    RequestId,
    full_body::{self, FullBody, MAX_BODY_BYTES},
    host, read_again, single_headers, slowdown,
};
use crate::{
    error::ApiError,
    metrics::HttpCounters,
    state::AppState,
    timing::{self, Timing},
};

/// Longest time that a request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

const X_REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID);
const X_SERVER_TIMING: HeaderName = HeaderName::from_static(SERVER_TIMING);

/// Gives the request an id, records its costs, catches its panics, and counts its answer.
pub async fn observe(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with(paths::API);
    let is_sign_in = request.uri().path() == paths::AUTH_LOGIN;
    let counted = is_api.then(|| state.http().begin());
    let timing = Timing::default();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let uri = request.uri().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span =
        tracing::debug_span!("request", request.id = id.as_str(), %method, path = uri.path());

    let host = host::check(request.version(), request.headers())
        .and_then(|()| single_headers::check(request.headers()));
    let most = largest_body(&state, route.as_ref());
    let replica = state.engines().parts().replica.as_ref();
    let replica = replica.filter(|_| request.body().is_end_stream());
    let work = async {
        match (host, replica) {
            (Ok(()), Some(replica)) => read_again::run(replica, request, next).await,
            (Ok(()), None) => with_full_body(most, request, next).await,
            (Err(refusal), _) => refusal.into_response(),
        }
    };
    let work = AssertUnwindSafe(work).catch_unwind();
    let mut response = match timing::scope(timing.clone(), work).instrument(span).await {
        Ok(response) => response,
        Err(panic) => {
            ApiError::internal(anyhow::anyhow!("panic: {}", panic_message(&*panic))).into_response()
        }
    };
    if let Some(failure) = response.extensions_mut().remove::<ApiError>() {
        let mut named = failure.respond(id.as_str(), &method, uri.path());
        // A handler may have added headers of its own.
        for (name, value) in response.headers() {
            if !named.headers().contains_key(name) {
                named.headers_mut().append(name.clone(), value.clone());
            }
        }
        response = named;
    }

    if is_api {
        slowdown::delay(&state, &timing).await;
    }
    let costs = timing.read();
    // What a refused sign-in cost would tell whether a password was looked at. A success has no
    // more to tell, and measurements need the time of its hash.
    let response_is_success = response.status().is_success();
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.header());
    if (!is_sign_in || response_is_success)
        && let Ok(value) = HeaderValue::try_from(costs.write())
    {
        headers.insert(X_SERVER_TIMING, value);
    }
    if let Some(age) = costs.cache_age_ms {
        headers.insert(AGE, HeaderValue::from(age / 1_000));
    }
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    HttpCounters::record(method_label(&method), route, status, &costs);
    if is_api {
        state.http().api_answered(Some(status), &costs);
    }
    drop(counted);
    response
}

/// Most bytes that the body of a request to a route may have.
fn largest_body(state: &AppState, route: Option<&MatchedPath>) -> usize {
    if route.is_some_and(|route| route.as_str() == paths::COURSE_SUBMISSIONS) {
        state.max_upload_bytes().max(MAX_BODY_BYTES)
    } else {
        MAX_BODY_BYTES
    }
}

/// Reads the whole body, of at most `most` bytes, then runs the request.
///
/// Otherwise a handler would hold an engine or a connection while a slow client sends, and a
/// problem before the body is read would make the server close a keep-alive connection.
async fn with_full_body(most: usize, request: Request, next: Next) -> Response {
    // A ledger is larger than the limit here: its own route reads it, behind the lab token.
    if request.body().is_end_stream() || request.uri().path() == paths::LAB_AUDIT {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(REQUEST_LIMIT, full_body::read(body, most)).await {
        Ok(Ok(FullBody { bytes, place })) => {
            let work = next.run(Request::from_parts(parts, bytes.into()));
            match place {
                // Until all work of the request has ended: so long the body is in memory.
                Some(place) => timing::holding(place, work).await,
                None => work.await,
            }
        }
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => timed_out().into_response(),
    }
}

fn timed_out() -> ApiError {
    ApiError::new(
        Code::Timeout,
        format!("not done after {} s", REQUEST_LIMIT.as_secs()),
    )
}

/// Ends requests after `REQUEST_LIMIT`; not for sockets and streams.
pub async fn time_limit(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => timed_out().into_response(),
    }
}

/// The answer on a path that does not exist.
pub async fn no_such_path(uri: Uri) -> ApiError {
    ApiError::new(Code::NotFound, format!("no such path: {}", uri.path()))
}

/// The answer to a method that a path does not have.
pub async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::new(
        Code::MethodNotAllowed,
        format!("this path does not take {method}"),
    )
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// A metric label of a closed set: clients may send any word as a method.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
