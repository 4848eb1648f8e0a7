//! What all clients share: host, target line and content length of a request, decided here once for
//! every protocol; the request as the HTTP libraries take it; and why one has no response.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use http_body_util::Full;

use super::client_endpoint::ClientEndpoint;
use crate::{request::Request, sample::Outcome};

/// Why there is no response: how it counts, and one line for people.
pub(super) type RequestFailure = (Outcome, String);

/// A request as the HTTP libraries take it.
pub(super) type HttpMessage = http::Request<Full<Bytes>>;

/// The request as the HTTP libraries take it; `None` where its path or host is not valid.
pub(super) fn message(endpoint: &ClientEndpoint, request: &Request) -> Option<HttpMessage> {
    let host = host(endpoint, request);
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 3);
    for (name, value) in &request.headers {
        if *name != header::HOST && *name != header::CONTENT_LENGTH {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(length) = content_length(request) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    let uri = if endpoint.client.http2_streams.is_some() {
        // HTTP/2 sends the host as `:authority`.
        Uri::builder()
            .scheme(endpoint.scheme())
            .authority(host.as_bytes())
            .path_and_query(request.path.clone())
            .build()
            .ok()?
    } else {
        headers.insert(header::HOST, host.clone());
        Uri::from(request.path.clone())
    };
    if let Some(encoding) = endpoint.client.encoding {
        headers
            .entry(header::ACCEPT_ENCODING)
            .or_insert(encoding.header());
    }
    let mut message = http::Request::new(Full::new(request.body.clone()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;
    Some(message)
}

/// With the headers that upgrade an HTTP/1.1 connection to a WebSocket with this key.
pub(super) fn upgrade(mut request: Request, key: HeaderValue) -> Request {
    let added = [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        ),
        (header::SEC_WEBSOCKET_KEY, key),
    ];
    request
        .headers
        .retain(|(name, _)| added.iter().all(|(one, _)| one != name));
    request.headers.extend(added);
    request.method = Method::GET;
    request.body = Bytes::new();
    request
}

/// The host of a request: its own `Host` header where it has one.
pub(super) fn host<'a>(endpoint: &'a ClientEndpoint, request: &'a Request) -> &'a HeaderValue {
    request.host().unwrap_or(&endpoint.host)
}

/// The content length that a request announces: that of its body, and of no body where a server
/// expects one by the method or the request names a length itself.
pub(super) fn content_length(request: &Request) -> Option<u64> {
    let named = || {
        let mut headers = request.headers.iter();
        headers.any(|(name, _)| *name == header::CONTENT_LENGTH)
    };
    let announced = !request.body.is_empty()
        || matches!(request.method, Method::POST | Method::PUT | Method::PATCH)
        || named();
    announced.then_some(request.body.len() as u64)
}
