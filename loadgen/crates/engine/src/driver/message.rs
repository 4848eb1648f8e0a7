//! What all clients share: the request as the HTTP library takes it, and why one has no response.

use bytes::Bytes;
use http_body_util::Full;

use crate::sample::Outcome;

/// Why there is no response: how it counts, and one line for people.
pub(super) type RequestFailure = (Outcome, String);

/// A request as the HTTP library takes it.
pub(super) type HttpMessage = http::Request<Full<Bytes>>;
