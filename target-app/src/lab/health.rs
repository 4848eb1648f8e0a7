//! Health checks: is the process up, and can it serve?

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use shared::{api::lab::Readiness, paths};
use tokio::{
    sync::Mutex,
    time::{error::Elapsed, timeout},
};

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
/// the server look broken. Requests that come meanwhile get the same answer.
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
pub async fn ready(
    State(state): State<AppState>,
    Extension(last): Extension<LastReadiness>,
) -> Response {
    let (status, body) = last.or_check(check(&state)).await;
    (status, Json(body)).into_response()
}

/// The last answer; clones share it.
///
/// A check opens connections, and nobody has to sign in to ask for one: so there is one at a time, however
/// many ask.
#[derive(Clone, Default)]
pub struct LastReadiness(Arc<Mutex<Option<(Instant, ReadinessAnswer)>>>);

type ReadinessAnswer = (StatusCode, Readiness);

impl LastReadiness {
    /// What `check` answers, or what one that was under way has answered meanwhile.
    async fn or_check(&self, check: impl Future<Output = ReadinessAnswer>) -> ReadinessAnswer {
        let came = Instant::now();
        let mut last = self.0.lock().await;
        if let Some((answered, answer)) = &*last
            && *answered > came
        {
            return answer.clone();
        }
        let answer = check.await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

async fn check(state: &AppState) -> ReadinessAnswer {
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
    (status, body)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn requests_that_come_while_a_check_is_under_way_make_none_of_their_own() {
        let last = LastReadiness::default();
        let checks = AtomicU32::new(0);
        let check = || async {
            checks.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let body = Readiness {
                status: checks.load(Relaxed).to_string(),
                parts: BTreeMap::new(),
            };
            (StatusCode::OK, body)
        };
        let answers = join_all((0..20).map(|_| last.or_check(check()))).await;
        assert_eq!(checks.load(Relaxed), 1);
        assert!(answers.iter().all(|(_, body)| body.status == "1"));
        // Later ones are not answered with what was then.
        let (_, body) = last.or_check(check()).await;
        assert_eq!(body.status, "2");
    }

    #[tokio::test]
    async fn a_check_whose_client_went_away_is_made_again_by_the_next() {
        let last = LastReadiness::default();
        let never = last.or_check(std::future::pending());
        assert!(timeout(Duration::from_millis(5), never).await.is_err());
        let body = Readiness {
            status: "ready".to_owned(),
            parts: BTreeMap::new(),
        };
        let answer = (StatusCode::OK, body);
        assert_eq!(last.or_check(async { answer.clone() }).await, answer);
    }
}
