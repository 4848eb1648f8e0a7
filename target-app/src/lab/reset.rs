//! `POST /lab/reset`: database and caches back to the seeded state.

use std::time::Instant;

use axum::{Json, extract::State, extract::rejection::BytesRejection};
use bytes::Bytes;
use secrecy::ExposeSecret as _;
use shared::{
    api::lab::{ResetReport, ResetRequest},
    paths,
    problem::{Code, Problem},
};

use super::{access::LabAccess, body, probes::RedisProbe, view::view};
use crate::{
    db::database::{self, DatabaseError},
    error::ApiError,
    state::AppState,
    timing,
};

/// Database and caches back to the seeded state.
///
/// Requests are rejected with 503 meanwhile. The body may name the profile to continue with, so
/// that its indexes are created once, on the fresh database.
#[utoipa::path(
    post,
    path = paths::LAB_RESET,
    operation_id = "lab.reset",
    tag = "lab",
    security(("lab_token" = [])),
    request_body(content = Option<ResetRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "The data and the profile in force after the reset", body = ResetReport),
        (status = 409, description = "`profile_refused`: no seeded snapshot, or the profile cannot be put in force", body = Problem),
        (status = 422, description = "`invalid_request`: no such switch, or not a value of it", body = Problem),
    ),
)]
pub async fn reset(
    _: LabAccess,
    State(state): State<AppState>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ResetReport>, ApiError> {
    let request: ResetRequest = body::optional(body)?;
    // A reset that has begun is completed, also when the client disconnects.
    let report = timing::shielded(run(state, request)).await?;
    Ok(Json(report))
}

async fn run(state: AppState, request: ResetRequest) -> Result<ResetReport, ApiError> {
    let started = Instant::now();
    let parts = state.engines().parts();
    let url = parts.database_url.expose_secret();
    // Checked first, so that no request is rejected for a reset that is impossible.
    if !database::has_snapshot(url).await.map_err(refusal)? {
        let database = database::name(url).map_err(refusal)?;
        return Err(refusal(DatabaseError::NoSnapshot(database)));
    }
    let profile = match request.profile {
        Some(profile) => profile,
        None => state.engine().asked().clone(),
    };
    let engine = state
        .engines()
        .rebuild(profile, || async {
            database::restore(url).await.map_err(refusal)?;
            // Also where the profile has no cache in Redis: the next one may.
            if let Err(error) = RedisProbe::flush(&parts.redis_url).await {
                tracing::warn!(%error, "Redis could not be flushed");
            }
            Ok(())
        })
        .await?;
    let profile = view(&state, &engine).await?;
    Ok(ResetReport {
        took_ms: started.elapsed().as_millis() as u64,
        dataset: profile.dataset.clone().unwrap_or_default(),
        profile,
    })
}

fn refusal(error: DatabaseError) -> ApiError {
    match error {
        DatabaseError::Db(error) if error.sqlstate().as_deref() == Some("42501") => ApiError::new(
            Code::ProfileRefused,
            "the database role may not replace databases: it needs CREATEDB and to own this one",
        )
        .caused_by(error),
        DatabaseError::Db(error) => error.into(),
        refused => ApiError::new(Code::ProfileRefused, refused.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_snapshot_is_refused_with_the_command_that_makes_one() {
        let error = refusal(DatabaseError::NoSnapshot("codeconnect".to_owned()));
        assert_eq!(error.code(), Code::ProfileRefused);
        assert!(
            error.detail().contains("run `target-app seed`"),
            "{}",
            error.detail()
        );
    }
}
