//! Every route on one page, in the order of the features; the layers come last.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, patch, post, put},
};
use shared::{ledger::MAX_LEDGER_BYTES, paths};

use crate::{
    features::{auth, bookings, chat, mentors, recordings},
    http, lab, openapi,
    state::AppState,
};

/// The application over a state.
pub fn router(state: AppState) -> Router {
    // Health, metrics and the lab are never rejected: they show why others are.
    let limit_admission = || from_fn_with_state(state.clone(), http::admission);
    let requests = request_routes()
        .layer(from_fn_with_state(state.clone(), http::compress))
        .layer(limit_admission());
    Router::new()
        .merge(
            requests
                .merge(health_routes())
                .layer(from_fn(http::time_limit)),
        )
        .merge(streaming_routes().layer(limit_admission()))
        .merge(lab_routes())
        .merge(openapi::routes())
        .fallback(http::no_such_path)
        .method_not_allowed_fallback(http::method_not_allowed)
        .layer(from_fn_with_state(state.clone(), http::observe))
        .with_state(state)
}

/// Requests with an answer of bounded length, within the time limit.
fn request_routes() -> Router<AppState> {
    Router::new()
        // auth
        .route(paths::AUTH_REGISTER, post(auth::register))
        .route(paths::AUTH_LOGIN, post(auth::login))
        .route(paths::AUTH_REFRESH, post(auth::refresh))
        .route(paths::AUTH_LOGOUT, post(auth::logout))
        .route(paths::AUTH_ME, get(auth::me))
        // mentors
        .route(paths::MENTORS, get(mentors::list))
        .route(paths::MENTORS_ME, patch(mentors::update_own))
        .route(paths::MENTORS_ME_ACTIVE, put(mentors::set_active))
        .route(paths::MENTOR, get(mentors::detail))
        .route(paths::MENTOR_AVAILABILITY, get(mentors::availability))
        .route(
            paths::MENTOR_REVIEWS,
            get(mentors::list_reviews).post(mentors::create_review),
        )
        // bookings
        .route(
            paths::BOOKINGS,
            get(bookings::list_mine).post(bookings::create),
        )
        .route(paths::BOOKING, get(bookings::get))
        .route(paths::BOOKING_CANCEL, post(bookings::cancel))
        // recordings
        .route(paths::RECORDINGS, get(recordings::list))
        .route(paths::RECORDING, get(recordings::get))
        .route(paths::RECORDING_PLAYBACK, get(recordings::playback))
        // chat
        .route(paths::CHAT_ROOMS, get(chat::rooms))
        .route(paths::CHAT_MESSAGES, get(chat::history))
}

/// Health checks and metrics.
fn health_routes() -> Router<AppState> {
    Router::new()
        .route(paths::HEALTH_LIVE, get(lab::live))
        .route(paths::HEALTH_READY, get(lab::ready))
        .route(paths::METRICS, get(http::scrape))
}

/// Answers that last as long as the client listens: no time limit.
fn streaming_routes() -> Router<AppState> {
    Router::new()
        .route(paths::RECORDING_STREAM, get(recordings::stream))
        .route(paths::CHAT_SOCKET, get(chat::socket))
}

/// The control plane: no time limit, because an index or a reset may take minutes.
fn lab_routes() -> Router<AppState> {
    Router::new()
        .route(
            paths::LAB_PROFILE,
            get(lab::get_profile).put(lab::put_profile),
        )
        .route(paths::LAB_RESET, post(lab::reset))
        .route(paths::LAB_TELEMETRY, get(lab::telemetry))
        .route(
            paths::LAB_AUDIT,
            post(lab::audit).layer(DefaultBodyLimit::max(MAX_LEDGER_BYTES)),
        )
        .route(paths::LAB_EXPLAIN, get(lab::explain))
}
