//! `POST /lab/audit`: do the invariants hold?

use std::time::Instant;

use axum::{Json, extract::State};
use secrecy::ExposeSecret as _;
use shared::{invariant::AuditReport, paths, problem::Problem};

use super::{access::LabAccess, cached};
use crate::{db, error::ApiError, state::AppState};

/// Check every invariant in one snapshot of the database, then a sample of the caches.
///
/// Over a connection outside of the pool: an audit neither waits for requests nor makes
/// them wait.
#[utoipa::path(
    post,
    path = paths::LAB_AUDIT,
    operation_id = "lab.audit",
    tag = "lab",
    security(("lab_token" = [])),
    responses(
        (status = 200, description = "Each invariant and the rows that break it", body = AuditReport),
        (status = 401, description = "`unauthenticated`: the lab token is missing or wrong", body = Problem),
    ),
)]
pub async fn audit(
    _: LabAccess,
    State(state): State<AppState>,
) -> Result<Json<AuditReport>, ApiError> {
    let begin = Instant::now();
    let engine = state.admit()?;
    let pool = db::connect(state.engines().parts().database_url.expose_secret()).await?;
    let report = db::audit::run(&pool).await;
    pool.close().await;
    let mut report = report?;
    let (invariant, checks) = cached::equals_database(&engine).await?;
    report.invariants.push(invariant);
    report.cached = checks;
    report.took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(report))
}
