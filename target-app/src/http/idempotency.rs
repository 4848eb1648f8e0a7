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
        read(value.as_bytes())
            .map(|key| Self(Some(key.to_owned())))
            .ok_or_else(|| ApiError::invalid(IDEMPOTENCY_KEY, "1 to 255 visible ASCII characters"))
    }
}

/// A key that is short enough and of visible ASCII characters.
fn read(value: &[u8]) -> Option<&str> {
    let right = (1..=MAX_BYTES).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(value).ok().filter(|_| right)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_key_is_what_was_sent_or_nothing(
            value in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                "[ -~]{0,300}".prop_map(String::into_bytes),
            ],
        ) {
            let right = (1..=255).contains(&value.len())
                && value.iter().all(|byte| (b'!'..=b'~').contains(byte));
            prop_assert_eq!(read(&value).map(str::as_bytes), right.then_some(&*value));
        }

        #[test]
        fn visible_ascii_of_bounded_length_is_a_key(key in "[!-~]{1,255}") {
            prop_assert_eq!(read(key.as_bytes()), Some(&*key));
        }
    }

    async fn extract(value: &str) -> Result<IdempotencyKey, ApiError> {
        let request = Request::get("/").header(IDEMPOTENCY_KEY, value);
        let mut parts = request.body(()).unwrap().into_parts().0;
        IdempotencyKey::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_key_is_visible_ascii_of_bounded_length() {
        assert_eq!(extract("a-1").await.unwrap().0.as_deref(), Some("a-1"));
        assert!(extract(&"k".repeat(255)).await.is_ok());
        for bad in ["", "with space", &"k".repeat(256)] {
            assert!(extract(bad).await.is_err(), "{bad}");
        }
    }
}
