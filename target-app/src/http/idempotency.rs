//! The `Idempotency-Key` header.

use axum::{extract::FromRequestParts, http::request::Parts};
use shared::headers::IDEMPOTENCY_KEY;

use crate::error::ApiError;

/// Longest key, in bytes.
const MAX_BYTES: usize = 255;

/// The client's own name for a request, if it gave one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(Self(None));
        };
        value
            .to_str()
            .ok()
            .filter(|key| (1..=MAX_BYTES).contains(&key.len()))
            .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
            .map(|key| Self(Some(key.to_owned())))
            .ok_or_else(|| ApiError::invalid(IDEMPOTENCY_KEY, "1 to 255 visible ASCII characters"))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn read(value: &str) -> Result<IdempotencyKey, ApiError> {
        let request = Request::get("/").header(IDEMPOTENCY_KEY, value);
        let mut parts = request.body(()).unwrap().into_parts().0;
        IdempotencyKey::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_key_is_visible_ascii_of_bounded_length() {
        assert_eq!(read("a-1").await.unwrap().0.as_deref(), Some("a-1"));
        assert!(read(&"k".repeat(255)).await.is_ok());
        for bad in ["", "with space", &"k".repeat(256)] {
            assert!(read(bad).await.is_err(), "{bad}");
        }
    }
}
