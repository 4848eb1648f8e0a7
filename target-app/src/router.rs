//! Every route: those of the features, of health checks and of the control plane; the layers
//! come last. `routes.txt`, here and in the folder of each feature, lists them for a test.

use std::sync::LazyLock;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use shared::{ledger::MAX_LEDGER_BYTES, paths};
use utoipa_axum::router::OpenApiRouter;

use crate::{features, http, lab, openapi, state::AppState};

/// The application over a state.
pub fn router(state: AppState) -> Router {
    // Health, metrics and the lab are never rejected: they show why other requests are.
    let limit_admission = || from_fn_with_state(state.clone(), http::admission);
    let (requests, streams) = feature_routes();
    let requests = requests
        .layer(from_fn_with_state(state.clone(), http::compress))
        .layer(limit_admission());
    Router::new()
        .merge(
            requests
                .merge(health_routes())
                .layer(from_fn(http::time_limit)),
        )
        .merge(streams.layer(limit_admission()))
        .merge(lab_routes())
        .merge(openapi::routes())
        .fallback(http::no_such_path)
        .method_not_allowed_fallback(http::method_not_allowed)
        .layer(from_fn_with_state(state.clone(), http::observe))
        .with_state(state)
}

/// The requests of all features, and their streams; made once, for all applications of the process.
fn feature_routes() -> (Router<AppState>, Router<AppState>) {
    static ROUTES: LazyLock<(Router<AppState>, Router<AppState>)> = LazyLock::new(|| {
        let (mut requests, mut streams) = (OpenApiRouter::new(), OpenApiRouter::new());
        for feature in features::all() {
            requests = requests.merge((feature.requests)());
            streams = streams.merge((feature.streams)());
        }
        (requests.into(), streams.into())
    });
    let (requests, streams) = &*ROUTES;
    (requests.clone(), streams.clone())
}

/// Health checks and metrics.
fn health_routes() -> Router<AppState> {
    Router::new()
        .route(paths::HEALTH_LIVE, get(lab::live))
        .route(
            paths::HEALTH_READY,
            get(lab::ready).layer(Extension(lab::LastReadiness::default())),
        )
        .route(paths::METRICS, get(http::scrape))
}

/// The control plane; without a time limit, since an index or a reset may take minutes.
fn lab_routes() -> Router<AppState> {
    Router::new()
        .route(
            paths::LAB_PROFILE,
            get(lab::get_profile).put(lab::put_profile),
        )
        .route(paths::LAB_RESET, post(lab::reset))
        .route(
            paths::LAB_TELEMETRY,
            get(lab::telemetry).layer(Extension(lab::Probes::default())),
        )
        .route(
            paths::LAB_AUDIT,
            post(lab::audit).layer(DefaultBodyLimit::max(MAX_LEDGER_BYTES)),
        )
        .route(paths::LAB_EXPLAIN, get(lab::explain))
}
