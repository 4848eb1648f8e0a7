//! One HTTP request as a flow describes it. The driver adds the connection, the content length, and
//! `Host` unless the request has one.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, header,
    uri::{Authority, PathAndQuery},
};
use reqwest::Url;
use serde::Serialize;
use shared::headers::IDEMPOTENCY_KEY;

/// Bytes of a response's body that are kept for its check, unless a request says otherwise.
pub const KEPT_BODY_BYTES: usize = 1024 * 1024;

/// One request. `Debug` shows neither headers nor body: they may be secrets.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: Method,
    /// Path and query: `/api/v1/orders?page=2`.
    pub path: PathAndQuery,
    /// Headers. `Host` replaces that of the endpoint; the content length follows from the body.
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
        Self::json(Method::POST, path, body)
    }

    /// A request with a JSON body.
    pub fn json<T: Serialize>(method: Method, path: impl Into<String>, body: &T) -> Self {
        let mut request = Self::new(method, path);
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

    /// Its own `Host` header.
    pub fn host(&self) -> Option<&HeaderValue> {
        let mut headers = self.headers.iter();
        headers.find_map(|(name, value)| (name == header::HOST).then_some(value))
    }

    /// Refuses headers that contradict each other or the body, or that the protocol does not allow.
    pub fn check(&self, http2: bool) -> Result<(), String> {
        let hosts = self.headers.iter().filter(|(name, _)| name == header::HOST);
        if hosts.count() > 1 {
            return Err("there is more than one `host` header".to_owned());
        }
        for (name, value) in &self.headers {
            let shown = String::from_utf8_lossy(value.as_bytes());
            if name == header::HOST {
                let valid = Authority::try_from(value.as_bytes())
                    .is_ok_and(|host| !host.as_str().contains('@'));
                if !valid {
                    return Err(format!("`{shown}` is not a host"));
                }
            } else if name == header::CONTENT_LENGTH {
                let length = self.body.len();
                if shown.parse() != Ok(length) {
                    return Err(format!(
                        "`content-length: {shown}` contradicts the body of {length} bytes"
                    ));
                }
            } else if name == header::TRANSFER_ENCODING {
                return Err(format!(
                    "`{name}` cannot be set: the body is sent with its length"
                ));
            } else if http2
                && (["connection", "keep-alive", "proxy-connection", "upgrade"]
                    .contains(&name.as_str())
                    || (name == header::TE && value != "trailers"))
            {
                return Err(format!("`{name}` is not allowed in HTTP/2"));
            }
        }
        Ok(())
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

/// A path, percent-encoded by the URL standard where it has to be, so that every client sends the
/// same bytes. A text that is not a path becomes a path that no target serves, as in [`visible`].
fn path_of(text: String) -> PathAndQuery {
    let plain = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'#' | b'\'' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
            )
    };
    let path = if text.starts_with('/') && text.bytes().all(plain) && !text.contains("/.") {
        PathAndQuery::try_from(text).ok()
    } else {
        encoded(&text)
    };
    path.unwrap_or_else(|| PathAndQuery::from_static("/no-path-at-all"))
}

/// A path in which something has to be encoded.
fn encoded(text: &str) -> Option<PathAndQuery> {
    // The URL standard would drop control characters.
    if !text.starts_with('/') || text.contains(char::is_control) {
        return None;
    }
    let url = Url::parse(&format!("http://host{text}")).ok()?;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    path.try_into().ok()
}

/// A header value. A text that is not one becomes an empty value, which the target refuses: that
/// request fails and is counted, and the load goes on.
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
    }

    #[test]
    fn a_path_is_percent_encoded_once_and_a_text_that_is_none_is_no_path() {
        for (text, path) in [
            ("/a/b?c=d&e=%20", "/a/b?c=d&e=%20"),
            ("/a b?q=ü", "/a%20b?q=%C3%BC"),
            ("/gr%C3%B6%C3%9Fe", "/gr%C3%B6%C3%9Fe"),
            ("/größe", "/gr%C3%B6%C3%9Fe"),
            ("/a/../b/./c", "/b/c"),
            ("/?q='<>'", "/?q=%27%3C%3E%27"),
            ("/a\nb", "/no-path-at-all"),
            ("größe", "/no-path-at-all"),
            ("?a", "/no-path-at-all"),
        ] {
            let encoded = Request::get(text).path;
            assert_eq!(encoded, path, "{text}");
            assert_eq!(Request::get(encoded.as_str()).path, path, "{text}");
        }
    }

    #[test]
    fn headers_that_contradict_the_request_are_refused() {
        let refused = |name: &'static str, value: &'static str, http2| {
            let mut request = Request::post("/").with(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            request.body = Bytes::from_static(b"abc");
            request.check(http2).unwrap_err()
        };
        let allowed = |name: &'static str, value: &'static str, http2| {
            let request = Request::post("/").with(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            request.check(http2)
        };
        assert!(refused("content-length", "5", false).contains("3 bytes"));
        assert!(refused("content-length", "x", false).contains("3 bytes"));
        assert_eq!(allowed("content-length", "0", false), Ok(()));
        assert!(refused("transfer-encoding", "chunked", false).contains("length"));
        for host in ["a b", "u@h", "h/p", ""] {
            assert!(
                refused("host", host, false).contains("not a host"),
                "{host}"
            );
        }
        assert_eq!(allowed("host", "a.test:80", true), Ok(()));
        for (name, value) in [
            ("connection", "close"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("upgrade", "websocket"),
            ("te", "gzip"),
        ] {
            assert!(refused(name, value, true).contains("HTTP/2"), "{name}");
            assert_eq!(allowed(name, value, false), Ok(()), "{name}");
        }
        assert_eq!(allowed("te", "trailers", true), Ok(()));
        let host = (header::HOST, HeaderValue::from_static("a.test"));
        let twice = Request::get("/").with(host.0.clone(), host.1.clone());
        let twice = twice.with(host.0, host.1).check(false).unwrap_err();
        assert!(twice.contains("more than one"), "{twice}");
    }

    #[test]
    fn a_request_in_a_log_shows_no_secret() {
        let request = Request::get("/stream?signature=abc").bearer("secret");
        assert_eq!(format!("{request:?}"), "GET /stream");
    }
}
