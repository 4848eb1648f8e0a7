//! `GET /lab/explain`: query plans of an operation's statements under the policies in force.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    api::lab::{Explained, Explanation},
    paths,
    problem::Problem,
};

use super::access::LabAccess;
use crate::{db, error::ApiError, http::Query, state::AppState};

/// Query of `GET /lab/explain`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainQuery {
    /// Whose statements.
    operation: String,
}

/// Query plans of an operation's statements under the policies in force.
///
/// They run with parameters of the seeded data, in a transaction that is rolled back. Caches are
/// bypassed.
#[utoipa::path(
    get,
    path = paths::LAB_EXPLAIN,
    operation_id = "lab.explain",
    tag = "lab",
    params(("operation" = String, Query, description = "Which operation: `mentors.list`")),
    security(("lab_token" = [])),
    responses(
        (status = 200, description = "Each statement with its plan", body = Explanation),
        (status = 401, description = "`unauthenticated`: the lab token is missing or wrong", body = Problem),
        (status = 422, description = "`invalid_request`: no such operation", body = Problem),
    ),
)]
pub async fn explain(
    _: LabAccess,
    State(state): State<AppState>,
    Query(query): Query<ExplainQuery>,
) -> Result<Json<Explanation>, ApiError> {
    let engine = state.admit()?;
    let explained = &state.features().explained;
    let Some(operation) = explained.iter().find(|one| one.name == query.operation) else {
        let names: Vec<_> = explained.iter().map(|one| one.name).collect();
        let right = format!("one of {}", names.join(", "));
        return Err(ApiError::invalid("operation", &right));
    };
    let statements = (operation.statements)(&engine.policies);
    let plans = db::explain(&engine.db, statements.clone()).await?;
    Ok(Json(Explanation {
        operation: query.operation,
        profile: engine.asked().fingerprint(),
        statements: statements
            .into_iter()
            .zip(plans)
            .map(|(statement, plan)| Explained {
                what: statement.what.to_owned(),
                times: statement.times,
                sql: statement.sql,
                plan,
            })
            .collect(),
    }))
}
