//! The page that is scraped. Each scrape has a connection of its own, few at once and each for
//! seconds at most, so that one client cannot keep others out.

use std::time::Duration;

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use http::{StatusCode, header};

use super::{figures::SharedFigures, text};
use crate::http_server::{ConnectionLimits, HttpServer};

/// Where the page is.
pub(super) const PATH: &str = "/metrics";
/// How long a scrape may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A server of `figures`.
pub(super) fn server(figures: SharedFigures) -> HttpServer {
    let router = Router::new()
        .route(PATH, get(scrape))
        .fallback(async || (StatusCode::NOT_FOUND, "the metrics are at /metrics\n"))
        .with_state(figures);
    let limits = ConnectionLimits {
        connections: 16,
        head_timeout: LIMIT,
        lifetime: Some(LIMIT),
        keep_alive: false,
    };
    HttpServer::new(router, limits)
}

async fn scrape(State(figures): State<SharedFigures>) -> impl IntoResponse {
    let families = figures.lock().families();
    let headers = [
        (header::CONTENT_TYPE, text::CONTENT_TYPE),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text::render(&families))
}
