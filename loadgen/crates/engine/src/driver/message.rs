//! What all clients share: the request as the HTTP library takes it, and why one has no response.
//! Host, target line and content length are decided here, once for every protocol and client.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use http_body_util::Full;

use super::client_endpoint::ClientEndpoint;
use crate::{request::Request, sample::Outcome};

/// Why there is no response: how it counts, and one line for people.
pub(super) type RequestFailure = (Outcome, String);

/// A request as the HTTP library takes it.
pub(super) type HttpMessage = http::Request<Full<Bytes>>;

/// The request as the HTTP library takes it; `None` where its path or host is not valid.
pub(super) fn message(endpoint: &ClientEndpoint, request: Request) -> Option<HttpMessage> {
    let host = host(endpoint, &request);
    let http2 = endpoint.client.http2_streams.is_some();
    let mut headers = headers(&request.method, request.headers, request.body.len(), 2);
    let uri = if http2 {
        // HTTP/2 sends the host as `:authority`.
        Uri::builder()
            .scheme(endpoint.scheme())
            .authority(host.as_bytes())
            .path_and_query(request.path)
            .build()
            .ok()?
    } else {
        headers.insert(header::HOST, host);
        Uri::from(request.path)
    };
    if let Some(encoding) = endpoint.client.encoding {
        headers
            .entry(header::ACCEPT_ENCODING)
            .or_insert(encoding.header());
    }
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;
    Some(message)
}

/// The request that upgrades an HTTP/1.1 connection to a WebSocket with this key.
pub(super) fn upgrade(
    endpoint: &ClientEndpoint,
    request: Request,
    key: HeaderValue,
) -> HttpMessage {
    let host = host(endpoint, &request);
    let mut headers = headers(&Method::GET, request.headers, 0, 5);
    for (name, value) in [
        (header::HOST, host),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        ),
        (header::SEC_WEBSOCKET_KEY, key),
    ] {
        headers.insert(name, value);
    }
    let mut message = HttpMessage::default();
    *message.uri_mut() = Uri::from(request.path);
    *message.headers_mut() = headers;
    message
}

/// The host of a request: its own `Host` header where it has one.
fn host(endpoint: &ClientEndpoint, request: &Request) -> HeaderValue {
    request.host().unwrap_or(&endpoint.host).clone()
}

/// The headers of a request, its host apart; `more` is how many will be added.
fn headers(
    method: &Method,
    given: Vec<(HeaderName, HeaderValue)>,
    body: usize,
    more: usize,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(given.len() + 1 + more);
    let mut length = body > 0 || matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    for (name, value) in given {
        if name == header::CONTENT_LENGTH {
            length = true;
        } else if name != header::HOST {
            headers.append(name, value);
        }
    }
    if length {
        headers.insert(header::CONTENT_LENGTH, body.into());
    }
    headers
}
