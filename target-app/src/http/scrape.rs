//! `GET /metrics`.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    db::Replica,
    metrics::{Scrape, memory_limit, process, render},
    state::AppState,
};

/// Every counter as Prometheus text.
pub async fn scrape(State(state): State<AppState>) -> Response {
    let scrape = {
        let engine = state.engine();
        Scrape {
            http: state.http().snapshot(),
            admission: engine.admission.snapshot(),
            pool: engine.db.snapshot(),
            retries: engine.db.retries(),
            replica: engine.db.replica().map(Replica::snapshot),
            caches: engine.caches.snapshot(),
            hashing: engine.hasher.snapshot(),
            chat: state.hub().snapshot(),
            gauges: state.gauges(),
            process: process(),
            memory_limit: memory_limit(),
            generation: engine.generation,
        }
    };
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], render(&scrape)).into_response()
}
