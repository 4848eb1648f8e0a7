//! `POST /lab/audit`: do the invariants hold?

use std::time::Instant;

use axum::{
    Json,
    extract::{State, rejection::BytesRejection},
};
use bytes::Bytes;
use secrecy::ExposeSecret as _;
use shared::{api::lab::AuditRequest, invariant::AuditReport, paths, problem::Problem};

use super::{access::LabAccess, body::optional, cached};
use crate::{db, error::ApiError, state::AppState};

/// Check every invariant in one snapshot of the database, then a sample of the caches. Where the
/// caches cannot be compared, the answer has what the database says, and names them in `failed`.
///
/// With a ledger of what was acknowledged to the client, those of the ledger too: nothing
/// acknowledged is lost, nothing exists that was not requested.
///
/// Over a connection outside of the pool: an audit neither waits for requests nor makes
/// them wait.
#[utoipa::path(
    post,
    path = paths::LAB_AUDIT,
    operation_id = "lab.audit",
    tag = "lab",
    request_body(content = Option<AuditRequest>, content_type = "application/json"),
    security(("lab_token" = [])),
    responses(
        (status = 200, description = "Each invariant and the rows that break it", body = AuditReport),
        (status = 400, description = "`malformed_body` or `invalid_request`: the body is no ledger", body = Problem),
        (status = 401, description = "`unauthenticated`: the lab token is missing or wrong", body = Problem),
    ),
)]
pub async fn audit(
    _: LabAccess,
    State(state): State<AppState>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<AuditReport>, ApiError> {
    let begin = Instant::now();
    let engine = state.admit()?;
    let request: AuditRequest = optional(body)?;
    let pool = db::connect(state.engines().parts().database_url.expose_secret()).await?;
    let report = db::audit::run(&pool, &state.features().invariants, request.ledger.as_ref()).await;
    pool.close().await;
    let mut report = report?;
    let caches = cached::equals_database(&engine, &state.features().caches).await;
    report.invariants.extend(caches.invariant);
    report.cached = caches.checks;
    report.failed.extend(caches.failed);
    report.took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(report))
}
