//! `GET` and `PUT /lab/profile`.

use std::collections::BTreeMap;

use axum::{Json, extract::State, extract::rejection::BytesRejection};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use shared::{
    api::lab::ProfileView,
    paths,
    problem::{Code, Problem},
    profile::Profile,
};

use super::{access::LabAccess, body, view::view};
use crate::{error::ApiError, http::Query, state::AppState, timing};

/// Query of `PUT /lab/profile`.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BaseQuery {
    /// The profile that the switches of the body are set on: `before` or `after`; without it the
    /// profile last asked for.
    base: Option<String>,
}

/// Every switch with its value in force.
#[utoipa::path(
    get,
    path = paths::LAB_PROFILE,
    operation_id = "lab.get_profile",
    tag = "lab",
    security(("lab_token" = [])),
    responses(
        (status = 200, description = "Every switch as reported by the object that acts on it", body = ProfileView),
        (status = 401, description = "`unauthenticated`: the lab token is missing or wrong", body = Problem),
        (status = 404, description = "`not_found`: no lab token is configured", body = Problem),
    ),
)]
pub async fn get_profile(
    _: LabAccess,
    State(state): State<AppState>,
) -> Result<Json<ProfileView>, ApiError> {
    let engine = state.admit()?;
    Ok(Json(view(&state, &engine).await?))
}

/// Put another profile in force while requests run.
///
/// The body names the switches to change, `{"cache.mentors": "off"}`; the others stay. New
/// requests run on the new engine, requests in flight finish on the old one. Caches start empty.
#[utoipa::path(
    put,
    path = paths::LAB_PROFILE,
    operation_id = "lab.put_profile",
    tag = "lab",
    params(BaseQuery),
    security(("lab_token" = [])),
    request_body(content = Option<BTreeMap<String, Value>>, content_type = "application/json"),
    responses(
        (status = 200, description = "What is in force now", body = ProfileView),
        (status = 409, description = "`profile_refused`: it cannot be put in force here", body = Problem),
        (status = 422, description = "`invalid_request`: no such switch, or not a value of it", body = Problem),
    ),
)]
pub async fn put_profile(
    _: LabAccess,
    State(state): State<AppState>,
    Query(query): Query<BaseQuery>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ProfileView>, ApiError> {
    let changes: BTreeMap<String, Value> = body::optional(body)?;
    let base = match &query.base {
        Some(name) => Profile::named(name)
            .map_err(|error| ApiError::new(Code::InvalidRequest, error.to_string()))?,
        None => state.engine().asked().clone(),
    };
    let wanted = changed(base, &changes)?;
    // A replacement that has begun is completed, also when the client disconnects.
    let view = timing::shielded(async move {
        let engine = state.engines().replace(wanted).await?;
        view(&state, &engine).await
    })
    .await?;
    Ok(Json(view))
}

fn changed(mut profile: Profile, changes: &BTreeMap<String, Value>) -> Result<Profile, ApiError> {
    for (switch, value) in changes {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        profile
            .set(switch, &text)
            .map_err(|error| ApiError::new(Code::InvalidRequest, error.to_string()))?;
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(changes: &Value) -> Result<Profile, String> {
        let changes = serde_json::from_value(changes.clone()).unwrap();
        changed(Profile::before(), &changes).map_err(|error| error.detail().to_owned())
    }

    #[test]
    fn only_the_named_switches_change() {
        let profile = set(&json!({"pool.max": 9, "cache.mentors": "redis"})).unwrap();
        let differences = profile.differences(&Profile::before());
        assert_eq!(differences.len(), 2);
        assert_eq!(profile.pool_max.get(), 9);
        assert_eq!(set(&json!({})).unwrap(), Profile::before());
    }

    #[test]
    fn a_wrong_switch_or_value_is_refused_in_words() {
        let detail = set(&json!({"cache.mentor": "off"})).unwrap_err();
        assert!(detail.contains("did you mean `cache.mentors`"), "{detail}");
        let detail = set(&json!({"pool.max": null})).unwrap_err();
        assert!(detail.contains("a whole number"), "{detail}");
    }
}
