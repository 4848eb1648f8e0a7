//! Every URL of the page, with the checks that stand before it.

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Query, Request, State},
    middleware::{self, Next},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderValue, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::{
    comparison,
    job_template::StartRequest,
    launcher::{JobLauncher, LaunchError},
    live_feed::{FeedMessage, LiveControlError, LiveFeed},
    live_page,
    origin_check::{OriginCheck, SecretCheck},
    report_files,
    response::{ErrorResponse, html, secure},
    run_index::RunIndex,
};
use crate::http_server::Disconnect;
use loadgen_experiment::events::ControlEvent;

/// Largest body of a request, in bytes.
const MAX_BODY: usize = 4_096;
/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Time after which a silent stream sends a comment, and notices clients that are gone.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Time after which a browser connects again.
const RECONNECT: Duration = Duration::from_secs(2);

/// Policy of files of the results folder. Reports carry their scripts and styles inline, and may
/// have been written on another machine. The sandbox gives each an origin of its own, so that no
/// script in it can read this page's token.
const FILE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-popups allow-downloads",
);

/// What handlers work with.
#[derive(Debug)]
pub(super) struct WebState {
    /// The results folder.
    pub(super) root: PathBuf,
    pub(super) origin_check: OriginCheck,
    pub(super) feed: LiveFeed,
    pub(super) launcher: JobLauncher,
    pub(super) run_index: RunIndex,
    /// When the last request came.
    pub(super) last_request: Mutex<Option<Instant>>,
}

type Shared = State<Arc<WebState>>;
type Changed = Result<Json<Value>, ErrorResponse>;

/// Every URL.
pub(super) fn router(state: Arc<WebState>) -> Router {
    let changes = Router::new()
        .route("/api/stop", post(stop))
        .route("/api/load", post(change_load))
        .route("/api/start", post(start))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&state),
            only_this_page,
        ));
    Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route("/compare", get(compare))
        .route("/api/state", get(live_state))
        .route("/api/catalogue", get(catalogue))
        .route("/api/runs", get(runs))
        .merge(changes)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(get(report_file).fallback(method_not_allowed))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&state),
            only_this_machine,
        ))
        .layer(middleware::map_response(secure))
        .with_state(state)
}

async fn only_this_machine(
    State(state): Shared,
    request: Request,
    next: Next,
) -> Result<Response, ErrorResponse> {
    let check = &state.origin_check;
    check.check_host(request.headers())?;
    OriginCheck::check_site(request.headers())?;
    let admission = check.check_secret(request.method(), request.uri(), request.headers())?;
    if let SecretCheck::Cookie(cookie) = admission {
        let path = request.uri().path().to_owned();
        // Without the secret, so that it stays in no history and no log.
        let answer = (
            StatusCode::SEE_OTHER,
            [(header::SET_COOKIE, cookie), (header::LOCATION, path)],
        );
        return Ok(answer.into_response());
    }
    let now = Some(Instant::now());
    *state
        .last_request
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = now;
    Ok(next.run(request).await)
}

async fn only_this_page(
    State(state): Shared,
    request: Request,
    next: Next,
) -> Result<Response, ErrorResponse> {
    state.origin_check.check_change(request.headers())?;
    Ok(next.run(request).await)
}

async fn method_not_allowed() -> ErrorResponse {
    let message = "this method is not allowed here; the Allow header lists those that are";
    ErrorResponse::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn page(State(state): Shared) -> Result<Response, ErrorResponse> {
    let page = live_page::render(state.origin_check.token())
        .map_err(|error| internal(&error.to_string()))?;
    Ok(html(&live_page::POLICY, page))
}

async fn live_state(State(state): Shared) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        state.feed.json().to_string(),
    )
        .into_response()
}

async fn catalogue(State(state): Shared) -> Response {
    Json(state.launcher.catalogue()).into_response()
}

async fn events(
    State(state): Shared,
    Extension(Disconnect(disconnect)): Extension<Disconnect>,
) -> Result<Response, Response> {
    let messages = state.feed.subscribe(disconnect).ok_or_else(|| {
        let message = "too many pages are open; close one";
        let error = ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, message);
        ([(header::RETRY_AFTER, "5")], error).into_response()
    })?;
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    Ok(Sse::new(sse_events(messages))
        .keep_alive(keep_alive)
        .into_response())
}

/// Server-sent events from a subscription, until that is closed.
fn sse_events(
    mut messages: mpsc::Receiver<FeedMessage>,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let first = stream::iter([sse::Event::default().retry(RECONNECT)]);
    let rest = stream::poll_fn(move |context| messages.poll_recv(context))
        .map(|message| sse::Event::default().event(message.name).data(message.json));
    first.chain(rest).map(Ok)
}

async fn runs(State(state): Shared) -> Result<Response, ErrorResponse> {
    let runs = from_disk(move || state.run_index.list(&state.root)).await?;
    Ok(Json(runs).into_response())
}

async fn compare(
    State(state): Shared,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, ErrorResponse> {
    let page = from_disk(move || comparison::page(&state.root, &query))
        .await?
        .map_err(|why| ErrorResponse::new(StatusCode::BAD_REQUEST, why))?;
    Ok(html(&page.policy, page.html))
}

/// A file below the results folder.
async fn report_file(State(state): Shared, request: Request) -> Result<Response, ErrorResponse> {
    let path = request.uri().path().to_owned();
    let (file, media_type) = from_disk(move || report_files::resolve(&state.root, &path))
        .await?
        .ok_or_else(|| {
            let message = "no such file; the list of runs is at /";
            ErrorResponse::new(StatusCode::NOT_FOUND, message)
        })?;
    let Ok(served) = ServeFile::new(file).oneshot(request).await;
    let mut response = served.map(Body::new);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    Ok(response)
}

/// Reads the results folder on a thread of its own: other requests must not wait for the disk.
async fn from_disk<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ErrorResponse> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|_panic| internal("the results folder could not be read"))
}

async fn stop(State(state): Shared, _body: JsonBody<IgnoredAny>) -> Changed {
    state.feed.stop()?;
    Ok(Json(json!({ "stopping": true })))
}

async fn change_load(State(state): Shared, JsonBody(change): JsonBody<ControlEvent>) -> Changed {
    state.feed.change_load(change)?;
    Ok(Json(json!({ "load": change })))
}

async fn start(State(state): Shared, JsonBody(request): JsonBody<StartRequest>) -> Changed {
    let started = state.launcher.start(&request)?;
    Ok(Json(json!({ "started": started })))
}

/// The body of a change; unlike [`Json`], its errors have the form of the page's.
struct JsonBody<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorResponse> {
        let body = timeout(BODY_TIMEOUT, Bytes::from_request(request, state))
            .await
            .map_err(|_elapsed| {
                let message = format!(
                    "the body did not arrive within {} s",
                    BODY_TIMEOUT.as_secs()
                );
                ErrorResponse::new(StatusCode::REQUEST_TIMEOUT, message)
            })?
            .map_err(|rejected| ErrorResponse::new(rejected.status(), rejected.body_text()))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| ErrorResponse::new(StatusCode::BAD_REQUEST, error.to_string()))
    }
}

fn internal(message: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

impl From<LiveControlError> for ErrorResponse {
    fn from(error: LiveControlError) -> Self {
        let status = match error {
            LiveControlError::Idle => StatusCode::CONFLICT,
            LiveControlError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.to_string())
    }
}

impl From<LaunchError> for ErrorResponse {
    fn from(error: LaunchError) -> Self {
        let status = match error {
            LaunchError::Busy | LaunchError::Disabled => StatusCode::CONFLICT,
            LaunchError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            LaunchError::Spawn(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
