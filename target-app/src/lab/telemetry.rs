//! `GET /lab/telemetry`: one sample, or a stream of them.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use serde::Deserialize;
use shared::{paths, problem::Problem, snapshot::Snapshot, time::Millis};
use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval, timeout},
};

use super::{
    access::LabAccess,
    probes::{PostgresProbe, RedisProbe},
};
use crate::{
    db::{DbError, PoolerConsole, Replica},
    error::ApiError,
    http::Query,
    metrics,
    state::AppState,
};

/// Longest wait for PostgreSQL or Redis; after it the sample is without them.
const LIMIT: Duration = Duration::from_secs(1);
/// Most samples of one stream.
const MAX_COUNT: u32 = 3_600;
/// Shortest and longest interval between two samples, in milliseconds.
const INTERVAL_BOUNDS: (u64, u64) = (50, 60_000);

/// Query of `GET /lab/telemetry`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryQuery {
    /// Stream samples at this interval instead of returning one.
    follow: Option<Millis>,
    /// How many samples to stream.
    count: Option<u32>,
}

/// One sample of the server, or a stream of them.
///
/// With `follow` the answer is one JSON object per line, the first at once, until `count` are
/// sent, the client disconnects or the server stops.
#[utoipa::path(
    get,
    path = paths::LAB_TELEMETRY,
    operation_id = "lab.telemetry",
    tag = "lab",
    params(
        ("follow" = Option<String>, Query, description = "Interval between two samples, 50ms to 1m"),
        ("count" = Option<u32>, Query, description = "How many samples to stream, at most 3600, which is the default"),
    ),
    security(("lab_token" = [])),
    responses(
        (status = 200, description = "A sample; with `follow` a stream of them, one a line", content(
            (Snapshot = "application/json"),
            (String = "application/x-ndjson"),
        )),
        (status = 401, description = "`unauthenticated`: the lab token is missing or wrong", body = Problem),
        (status = 422, description = "`invalid_request`: `follow` is not 50ms to 1m, or `count` is without it", body = Problem),
    ),
)]
pub async fn telemetry(
    _: LabAccess,
    State(state): State<AppState>,
    Extension(probes): Extension<Probes>,
    Query(query): Query<TelemetryQuery>,
) -> Result<Response, ApiError> {
    let Some(spacing) = query.follow else {
        if query.count.is_some() {
            return Err(ApiError::invalid("count", "goes with `follow`"));
        }
        return Ok(axum::Json(probes.sample(&state).await).into_response());
    };
    if !(INTERVAL_BOUNDS.0..=INTERVAL_BOUNDS.1).contains(&spacing.0) {
        return Err(ApiError::invalid("follow", "50ms to 1m"));
    }
    let count = query.count.unwrap_or(MAX_COUNT);
    if !(1..=MAX_COUNT).contains(&count) {
        return Err(ApiError::invalid("count", "1 to 3600"));
    }
    let mut ticks = interval(spacing.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let lines = stream::unfold((state, probes, ticks, count), next_line);
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// A stream of samples: what it samples, when, and how many samples are left.
type Following = (AppState, Probes, Interval, u32);

async fn next_line(
    (state, probes, mut ticks, left): Following,
) -> Option<(Result<Bytes, Infallible>, Following)> {
    let left = left.checked_sub(1)?;
    let stop = state.shutdown().clone();
    tokio::select! {
        () = stop.cancelled() => return None,
        _ = ticks.tick() => {}
    }
    let mut line = serde_json::to_vec(&probes.sample(&state).await)
        .expect("a snapshot is numbers and maps with text keys");
    line.push(b'\n');
    Some((Ok(line.into()), (state, probes, ticks, left)))
}

/// One connection each to PostgreSQL, PgBouncer and Redis, which all samples of the process share: made at
/// the first sample, kept open, and made again after a failure.
#[derive(Clone, Default)]
pub struct Probes(Arc<Connections>);

#[derive(Default)]
struct Connections {
    postgres: Mutex<Option<PostgresProbe>>,
    pooler: Mutex<Option<PoolerConsole>>,
    redis: Mutex<Option<RedisProbe>>,
}

impl Probes {
    async fn sample(&self, state: &AppState) -> Snapshot {
        let parts = state.engines().parts();
        let postgres = timeout(LIMIT, async {
            let mut kept = self.0.postgres.lock().await;
            let mut probe = match kept.take() {
                Some(probe) => probe,
                None => PostgresProbe::connect(&parts.database_url).await?,
            };
            let sample = probe.sample().await?;
            // Only a connection that answered in time is used again.
            *kept = Some(probe);
            Ok::<_, sqlx::Error>(sample)
        });
        let redis = timeout(LIMIT, async {
            let mut kept = self.0.redis.lock().await;
            let mut probe = match kept.take() {
                Some(probe) => probe,
                None => RedisProbe::connect(&parts.redis_url).await?,
            };
            let sample = probe.sample().await?;
            *kept = Some(probe);
            Ok::<_, deadpool_redis::redis::RedisError>(sample)
        });
        let pooler = timeout(LIMIT, async {
            let Some(pooler) = &parts.pooler else {
                return Ok(None);
            };
            let mut kept = self.0.pooler.lock().await;
            let mut console = match kept.take() {
                Some(console) => console,
                None => pooler.console().await?,
            };
            let sample = console.snapshot().await?;
            *kept = Some(console);
            Ok::<_, DbError>(Some(sample))
        });
        let (postgres, pooler, redis) = tokio::join!(postgres, pooler, redis);
        // Held briefly: a replacement of the engine waits for every holder.
        let engine = state.engine();
        Snapshot {
            uptime_ms: state.uptime_ms(),
            profile: engine.asked().fingerprint(),
            http: state.http().snapshot(),
            admission: engine.admission.snapshot(),
            pool: engine.db.snapshot(),
            retries: engine.db.retries(),
            caches: engine.caches.snapshot(),
            hashing: engine.hasher.snapshot(),
            chat: state.hub().snapshot(),
            postgres: answered(postgres, "PostgreSQL"),
            pooler: answered(pooler, "PgBouncer").flatten(),
            replica: engine.db.replica().map(Replica::snapshot),
            redis: answered(redis, "Redis"),
            process: metrics::process(),
            instances: BTreeMap::new(),
        }
    }
}

fn answered<T, E: std::fmt::Display>(
    asked: Result<Result<T, E>, tokio::time::error::Elapsed>,
    what: &str,
) -> Option<T> {
    match asked {
        Ok(Ok(sample)) => Some(sample),
        Ok(Err(error)) => {
            tracing::debug!(%error, "{what} gave no sample");
            None
        }
        Err(_) => {
            tracing::debug!("{what} gave no sample in time");
            None
        }
    }
}
