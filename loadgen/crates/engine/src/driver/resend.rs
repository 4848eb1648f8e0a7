//! Whether a request that got no response may be sent again on a new connection, as RFC 9110
//! (section 9.2.2) and RFC 9113 (section 8.7) allow it and browsers and curl do it.

use std::io;

use http::{HeaderName, HeaderValue};
use shared::headers::IDEMPOTENCY_KEY;

use super::{failure_text::find, http1_error::is_closing};
use crate::{request::Request, units::Nanos};

/// Most connections on which a server may refuse a request unprocessed before that counts.
const MOST_REFUSALS: u32 = 10;

/// How long a connection must have been unused for its closing to be that of an idle one. Servers
/// count this time in seconds; one that closes sooner has dropped a request, and that counts.
const IDLE: Nanos = Nanos::from_secs(1);

/// Whether a connection that received its last response then was idle when a request was sent.
pub(super) fn was_idle(answered: Option<Nanos>, sent: Nanos) -> bool {
    answered.is_some_and(|at| sent.0.saturating_sub(at.0) >= IDLE.0)
}

/// An attempt that ended without a response.
pub(super) struct FailedAttempt {
    /// Why, for people.
    pub(super) why: String,
    /// Whether the server says that it has not processed the request.
    pub(super) refused: bool,
    /// Whether the other side closed the connection.
    pub(super) closed: bool,
    /// Whether no byte of the request was written.
    pub(super) unsent: bool,
    /// Whether other users share the connection: their requests too may have used it up.
    pub(super) shared: bool,
    /// Whether nothing of the response was read.
    pub(super) silent: bool,
}

impl FailedAttempt {
    /// Whether the request may be sent once more. `idle`: the connection was an idle one, see
    /// [`was_idle`]; `idempotent`: a second execution has no further effect; `before`: how many
    /// attempts failed before this one.
    pub(super) fn may_resend(&self, idle: bool, idempotent: bool, before: u32) -> bool {
        if self.refused || (self.unsent && self.shared) {
            return before + 1 < MOST_REFUSALS;
        }
        // The server closed an idle connection. On one in use, or a new one, it is an answer.
        let stale = idle && idempotent && self.silent && self.closed;
        before == 0 && (self.unsent || stale)
    }
}

/// Whether the server says that it has not processed the request: a stream above the last one of a
/// GOAWAY, or REFUSED_STREAM.
pub(super) fn is_refused(error: &hyper::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|error| {
        let reason = error.reason();
        error.is_remote()
            && ((error.is_go_away() && reason == Some(h2::Reason::NO_ERROR))
                || (error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)))
    })
}

/// Whether the other side closed the connection.
pub(super) fn is_closed(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || find::<io::Error>(error)
            .or_else(|| find::<h2::Error>(error).and_then(h2::Error::get_io))
            .is_some_and(is_closing)
}

/// Whether a request may be executed twice: by its method, or because it carries a key by which
/// the server recognises the second.
pub(super) fn is_idempotent(request: &Request) -> bool {
    let keyed = |(name, _): &(HeaderName, HeaderValue)| name.as_str() == IDEMPOTENCY_KEY;
    request.method.is_idempotent() || request.headers.iter().any(keyed)
}
