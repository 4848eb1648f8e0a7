//! One HTTP request as a flow describes it. The driver adds `Host` and the connection.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header, uri::PathAndQuery};
use serde::Serialize;
use shared::headers::IDEMPOTENCY_KEY;

/// Bytes of a response's body that are kept for its check, unless a request says otherwise.
pub const KEPT_BODY_BYTES: usize = 1024 * 1024;

/// One request. `Debug` tells neither headers nor body: they carry tokens and passwords.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: Method,
    /// Path and query: `/api/v1/orders?page=2`.
    pub path: PathAndQuery,
    /// Headers, `Host` and `Content-Length` excepted.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// Most bytes of the response's body that are kept for its check; more are only counted.
    pub keep: usize,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path_of(path.into()),
            headers: Vec::new(),
            body: Bytes::new(),
            keep: KEPT_BODY_BYTES,
        }
    }

    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// `POST path` without a body.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// `POST path` with a JSON body.
    pub fn post_json<T: Serialize>(path: impl Into<String>, body: &T) -> Self {
        let mut request = Self::post(path);
        request.body = Bytes::from(
            serde_json::to_vec(body).expect("the API types have string keys and finite numbers"),
        );
        request.headers.push((
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ));
        request
    }

    /// With `Authorization: Bearer token`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        let mut value = visible(&format!("Bearer {token}"));
        value.set_sensitive(true);
        self.with(header::AUTHORIZATION, value)
    }

    /// With `Idempotency-Key: key`.
    #[must_use]
    pub fn idempotency_key(self, key: &str) -> Self {
        self.with(HeaderName::from_static(IDEMPOTENCY_KEY), visible(key))
    }

    /// With `Range: bytes=from-to`, both ends included; without `to`, up to the end.
    #[must_use]
    pub fn range(self, from: u64, to: Option<u64>) -> Self {
        let to = to.map(|to| to.to_string()).unwrap_or_default();
        self.with(header::RANGE, visible(&format!("bytes={from}-{to}")))
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The query of a playback link is its signature.
        write!(f, "{} {}", self.method, self.path.path())
    }
}

/// A path. What none can be becomes one that nobody serves, for the same reason as in [`visible`].
fn path_of(text: String) -> PathAndQuery {
    PathAndQuery::try_from(text).unwrap_or_else(|_| PathAndQuery::from_static("/no-path-at-all"))
}

/// A header value. What no header may carry becomes an empty value, which the target refuses:
/// better one failed request that is counted than a harness that dies.
fn visible(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builders_set_the_headers_that_the_api_documents() {
        let request = Request::post_json("/api/v1/orders?x=1", &serde_json::json!({"a": 1}))
            .bearer("secret")
            .idempotency_key("k-1")
            .range(10, Some(19));
        let text: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            text,
            [
                "content-type: application/json",
                "authorization: Bearer secret",
                "idempotency-key: k-1",
                "range: bytes=10-19"
            ]
        );
        assert_eq!(&request.body[..], br#"{"a":1}"#);
        let range = Request::get("/").range(5, None).headers;
        assert_eq!(range[0].1, "bytes=5-");
        assert_eq!(Request::get("/a b").path, "/no-path-at-all");
    }

    #[test]
    fn a_request_in_a_log_tells_no_secret() {
        let request = Request::get("/stream?signature=abc").bearer("secret");
        assert_eq!(format!("{request:?}"), "GET /stream");
    }
}
