//! `GET /lab/explain`: query plans of an operation's statements under the policies in force.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    api::lab::{Explained, Explanation},
    paths,
    problem::Problem,
};

use super::access::LabAccess;
use crate::{
    db::{self, Statement},
    engine::Policies,
    error::ApiError,
    features::{auth, bookings, chat, mentors, recordings},
    http::Query,
    state::AppState,
};

/// The operations that can be explained.
const OPERATIONS: [&str; 9] = [
    "auth.login",
    "mentors.list",
    "mentors.detail",
    "mentors.availability",
    "bookings.create",
    "bookings.mine",
    "recordings.list",
    "chat.join",
    "chat.send",
];

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
    state.admit()?;
    let engine = state.engine();
    let statements = statements(&query.operation, &engine.policies).ok_or_else(|| {
        ApiError::invalid("operation", &format!("one of {}", OPERATIONS.join(", ")))
    })?;
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

fn statements(operation: &str, policies: &Policies) -> Option<Vec<Statement>> {
    auth::plans(operation, policies)
        .or_else(|| mentors::plans(operation, policies))
        .or_else(|| bookings::plans(operation))
        .or_else(|| recordings::plans(operation))
        .or_else(|| chat::plans(operation))
}

#[cfg(test)]
mod tests {
    use shared::profile::Profile;

    use super::*;

    #[test]
    fn every_operation_that_is_named_has_statements_and_no_other_has() {
        for profile in [Profile::before(), Profile::after()] {
            let policies = Policies::new(&profile);
            for operation in OPERATIONS {
                let found = statements(operation, &policies).unwrap_or_default();
                assert!(!found.is_empty(), "{operation}");
            }
            assert!(statements("mentors.lis", &policies).is_none());
        }
    }

    #[test]
    fn the_loop_of_queries_says_how_often_it_runs() {
        let found = statements("mentors.list", &Policies::new(&Profile::before())).unwrap();
        assert!(found.iter().any(|one| one.times > 1));
        let found = statements("mentors.list", &Policies::new(&Profile::after())).unwrap();
        assert!(found.iter().all(|one| one.times == 1));
    }
}
