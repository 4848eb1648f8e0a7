//! Dashboards through their cache: what is stored is the response's JSON itself.

use bytes::Bytes;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use shared::api::dashboards::Dashboard;

use super::{
    model::{DashboardPeriod, DashboardScope},
    repository,
};
use crate::{
    cache::{CacheKind, Group, Key},
    db::DbSession,
    engine::Engine,
    error::ApiError,
};

/// Dashboards; each mentor, each student and the platform is a group.
pub(super) static DASHBOARDS: CacheKind = CacheKind {
    name: "dashboards",
    store: |profile| profile.cache_dashboards,
    ttl: |profile| profile.cache_dashboards_ttl.duration(),
};

/// What a dashboard follows from besides the rows: so midnight is no change of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct DashboardQuestion {
    day: NaiveDate,
}

/// The dashboards of all days of one scope.
pub(super) fn group(scope: DashboardScope) -> Group {
    Group::new(&DASHBOARDS, scope)
}

/// A dashboard as JSON, from the cache or from the database.
pub(super) async fn dashboard(
    engine: &Engine,
    scope: DashboardScope,
    day: NaiveDate,
) -> Result<Bytes, ApiError> {
    let key = Key::asked(&DASHBOARDS, scope.to_string(), &DashboardQuestion { day });
    let session = engine.loader(&DASHBOARDS);
    let fill = move || load(session, scope, day);
    Ok(engine.caches.read_through(key, fill).await?.into_body())
}

/// What the database says now to what was cached under `key`.
pub(super) async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    let asked: DashboardQuestion =
        serde_json::from_str(&key.question).map_err(ApiError::internal)?;
    let scope: DashboardScope = key.group.parse().map_err(ApiError::internal)?;
    load(engine.db.session(), scope, asked.day).await.map(Some)
}

async fn load(
    mut session: DbSession,
    scope: DashboardScope,
    day: NaiveDate,
) -> Result<Bytes, ApiError> {
    let period = DashboardPeriod::of(day);
    let figures = repository::figures(&mut *session.conn().await?, scope, period).await?;
    let upcoming = repository::upcoming(&mut *session.conn().await?, scope, period.day).await?;
    let activity = repository::activity(&mut *session.conn().await?, scope).await?;
    let dashboard = Dashboard {
        date: day,
        overview: figures.overview,
        activity,
        upcoming,
        finances: figures.finances,
        students: figures.students,
    };
    serde_json::to_vec(&dashboard)
        .map(Bytes::from)
        .map_err(ApiError::internal)
}
