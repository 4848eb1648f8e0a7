//! Health checks: is the process up, and can it serve?

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use shared::{api::lab::Readiness, paths};
use tokio::time::{error::Elapsed, timeout};

use super::probes::{RedisProbe, postgres_is_writable};
use crate::state::AppState;

/// Longest wait for PostgreSQL: the answer has to come within a second, the time-out of a check of the
/// balancer (`inter` in `deploy/haproxy.cfg`) and of a readiness probe of Kubernetes.
const POSTGRES_LIMIT: Duration = Duration::from_millis(800);
/// Longest wait for Redis, which decides nothing: one that hangs must not delay the answer much.
const REDIS_LIMIT: Duration = Duration::from_millis(250);

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

/// Can it write to PostgreSQL?
///
/// Redis is asked too, and named where it does not answer, but decides nothing: without it the server
/// loads what it would have cached. All instances share it, so a balancer that went by it would
/// take all of them out of use at once.
///
/// Both are asked at the same time, each over a connection of its own, so that a busy pool does not make
/// the server look broken.
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
    let (postgres, redis) = tokio::join!(
        timeout(POSTGRES_LIMIT, postgres_is_writable(&parts.database_url)),
        timeout(REDIS_LIMIT, RedisProbe::ping(&parts.redis_url)),
    );
    let postgres = match postgres {
        Ok(Ok(false)) => "is read-only".to_owned(),
        other => status_text(other, POSTGRES_LIMIT),
    };
    let mut is_ready = postgres == "ok";
    let mut answers = BTreeMap::from([
        ("postgres".to_owned(), postgres),
        ("redis".to_owned(), status_text(redis, REDIS_LIMIT)),
    ]);
    if state.admit().is_err() {
        let why = "the database is being replaced".to_owned();
        answers.insert("engine".to_owned(), why);
        is_ready = false;
    }
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
    asked: Result<Result<T, E>, Elapsed>,
    limit: Duration,
) -> String {
    match asked {
        Ok(Ok(_)) => "ok".to_owned(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a part of the server does not answer");
            "does not answer".to_owned()
        }
        Err(_) => format!("did not answer within {} ms", limit.as_millis()),
    }
}
