//! The name of a request in logs, headers and problem bodies.

use axum::http::{HeaderMap, HeaderValue};
use shared::headers::REQUEST_ID;
use uuid::Uuid;

/// Longest name that is taken over from a client or proxy.
const MAX_BYTES: usize = 64;

/// A request's name: the client's own if it is harmless, else a new one.
#[derive(Debug, Clone)]
pub struct RequestId(String);

impl RequestId {
    /// The name of the request with these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get(REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|name| (1..=MAX_BYTES).contains(&name.len()))
            .filter(|name| {
                name.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
        Self(given.map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a header's value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("letters, digits and hyphens make a header value")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmless_name_is_kept_and_any_other_replaced() {
        let named = |name: &'static str| {
            let headers = HeaderMap::from_iter([(
                REQUEST_ID.parse().unwrap(),
                HeaderValue::from_static(name),
            )]);
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(named("trial-7"), "trial-7");
        assert_ne!(named("two words"), "two words");
        assert_ne!(named(""), "");
        let fresh = RequestId::of(&HeaderMap::new());
        assert_eq!(fresh.as_str().len(), 32);
        assert_eq!(fresh.header(), fresh.as_str());
    }
}
