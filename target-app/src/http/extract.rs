//! Extractors whose rejections are problems, and JSON answers.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use shared::problem::Code;

use super::field;
use crate::{engine::Engine, error::ApiError, state::AppState};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The engine that this request runs on, from its first byte to its last.
///
/// All extractors of one request see the same engine, also while the engine is replaced.
#[derive(Clone)]
pub struct Current(pub Arc<Engine>);

impl FromRequestParts<AppState> for Current {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(current) = parts.extensions.get::<Self>() {
            return Ok(current.clone());
        }
        let current = Self(state.admit()?);
        parts.extensions.insert(current.clone());
        Ok(current)
    }
}

/// A JSON body, an object.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                Code::MalformedBody,
                "send the body as `Content-Type: application/json`",
            ));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| ApiError::new(Code::MalformedBody, rejection.body_text()))?;
        field::read_object(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => json_bytes(bytes.into()),
            Err(failure) => ApiError::internal(failure).into_response(),
        }
    }
}

/// An answer whose body is JSON already.
pub fn json_bytes(bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// The query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let reason = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                ApiError::new(Code::InvalidRequest, format!("query: {reason}"))
            })
    }
}

/// Parameters of the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let reason = text.strip_prefix("Invalid URL: ").unwrap_or(&text);
                ApiError::new(Code::InvalidRequest, format!("path: {reason}"))
            })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its reading is looked at")]
        stars: i16,
    }

    async fn refusal(kind: &str, body: impl Into<axum::body::Body>) -> ApiError {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, kind)
            .body(body.into())
            .unwrap();
        match Json::<Body>::from_request(request, &()).await {
            Ok(_) => panic!("it was taken"),
            Err(error) => error,
        }
    }

    #[tokio::test]
    async fn what_is_no_json_is_malformed_and_what_does_not_fit_is_invalid() {
        let error = refusal("text/plain", r#"{"stars":1}"#).await;
        assert_eq!(error.code(), Code::MalformedBody);
        let error = refusal("application/json", r#"{"stars":"#).await;
        assert_eq!(error.code(), Code::MalformedBody);
        let error = refusal("application/json; charset=utf-8", r#"{"stars":"five"}"#).await;
        assert_eq!(error.code(), Code::InvalidRequest);
        assert!(error.detail().contains("`stars`"), "{}", error.detail());
        let error = refusal("application/json", r#"{"stars":5,"colour":1}"#).await;
        assert!(error.detail().contains("colour"), "{}", error.detail());
        for other in [" [5]", "5", "null", r#""stars""#] {
            let error = refusal("application/json", other).await;
            assert_eq!(error.code(), Code::InvalidRequest, "{other}");
        }
    }

    #[tokio::test]
    async fn a_bad_query_or_path_names_what_is_wrong() {
        #[derive(Debug, Deserialize)]
        struct Asked {
            #[expect(dead_code, reason = "only its reading is looked at")]
            page: Option<u32>,
        }
        let (mut parts, ()) = axum::http::Request::get("/x?page=minus")
            .body(())
            .unwrap()
            .into_parts();
        let Err(error) = Query::<Asked>::from_request_parts(&mut parts, &()).await else {
            panic!("it was taken")
        };
        assert_eq!(error.code(), Code::InvalidRequest);
        assert!(error.detail().contains("page"), "{}", error.detail());
    }
}
