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
/// Requests are turned away with 503 meanwhile. The body may name the profile to go on with,
/// so that its indexes are made once, on the fresh database.
#[utoipa::path(
    post,
    path = paths::LAB_RESET,
    operation_id = "lab.reset",
    tag = "lab",
    security(("lab_token" = [])),
    request_body = ResetRequest,
    responses(
        (status = 200, description = "What is there and in force now", body = ResetReport),
        (status = 409, description = "`profile_refused`: no seeded snapshot, or the profile cannot be put in force", body = Problem),
    ),
)]
pub async fn reset(
    _: LabAccess,
    State(state): State<AppState>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ResetReport>, ApiError> {
    let request: ResetRequest = body::optional(body)?;
    // A reset that was begun is brought to its end, whether or not the client waits.
    let report = timing::shielded(run(state, request)).await?;
    Ok(Json(report))
}

async fn run(state: AppState, request: ResetRequest) -> Result<ResetReport, ApiError> {
    let started = Instant::now();
    let parts = state.engines().parts();
    let url = parts.database_url.expose_secret();
    // Asked first: nobody is turned away for a reset that cannot be.
    if !database::has_snapshot(url).await.map_err(refusal)? {
        let database = database::name(url).map_err(refusal)?;
        return Err(refusal(DatabaseError::NoSnapshot(database)));
    }
    let profile = match request.profile {
        Some(profile) => profile,
        None => state.engine().profile.clone(),
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
    fn a_missing_snapshot_says_how_to_make_one() {
        let error = refusal(DatabaseError::NoSnapshot("codeconnect".to_owned()));
        assert_eq!(error.code(), Code::ProfileRefused);
        assert!(
            error.detail().contains("run `target-app seed`"),
            "{}",
            error.detail()
        );
    }
}
