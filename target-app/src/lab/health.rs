//! Health checks: is the process up, can it write to PostgreSQL, and does Redis answer?

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use shared::{api::lab::Readiness, paths};

use super::probes::{RedisProbe, postgres_is_writable};
use crate::state::AppState;

/// Longest wait for each service.
const LIMIT: Duration = Duration::from_secs(1);

/// Is the process up?
#[utoipa::path(
    get,
    path = paths::HEALTH_LIVE,
    operation_id = "health.live",
    tag = "health",
    responses((status = 200, description = "It is", body = Readiness)),
)]
pub async fn live() -> Json<Readiness> {
    Json(Readiness {
        status: "live".to_owned(),
        parts: BTreeMap::new(),
    })
}

/// Can it write to PostgreSQL, and does Redis answer?
///
/// Each is asked over a connection of its own, so that a busy pool does not make the server
/// look broken, and given a second.
#[utoipa::path(
    get,
    path = paths::HEALTH_READY,
    operation_id = "health.ready",
    tag = "health",
    responses(
        (status = 200, description = "It can serve", body = Readiness),
        (status = 503, description = "It cannot; `parts` has what is missing and why", body = Readiness),
    ),
)]
pub async fn ready(State(state): State<AppState>) -> Response {
    let parts = state.engines().parts();
    let postgres =
        async { tokio::time::timeout(LIMIT, postgres_is_writable(&parts.database_url)).await };
    let redis = async { tokio::time::timeout(LIMIT, RedisProbe::ping(&parts.redis_url)).await };
    let (postgres, redis) = tokio::join!(postgres, redis);
    let postgres = match postgres {
        Ok(Ok(false)) => "is read-only".to_owned(),
        other => status_text(other),
    };
    let mut answers = BTreeMap::from([
        ("postgres".to_owned(), postgres),
        ("redis".to_owned(), status_text(redis)),
    ]);
    if state.admit().is_err() {
        let why = "the database is being replaced".to_owned();
        answers.insert("engine".to_owned(), why);
    }
    let is_ready = answers.values().all(|answer| answer == "ok");
    let (status, text) = if is_ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let body = Readiness {
        status: text.to_owned(),
        parts: answers,
    };
    (status, Json(body)).into_response()
}

/// `ok`, or what is wrong; the cause goes into the log, for it may name hosts.
fn status_text<T, E: std::fmt::Display>(
    asked: Result<Result<T, E>, tokio::time::error::Elapsed>,
) -> String {
    match asked {
        Ok(Ok(_)) => "ok".to_owned(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a part of the server does not answer");
            "does not answer".to_owned()
        }
        Err(_) => format!("did not answer within {} ms", LIMIT.as_millis()),
    }
}
