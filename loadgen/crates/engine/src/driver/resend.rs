//! Whether a request that got no response may be sent again on a new connection, as RFC 9110
//! (section 9.2.2) and RFC 9113 (section 8.7) allow it and browsers and curl do it.

use std::io;

use http::Request;
use shared::headers::IDEMPOTENCY_KEY;

use super::failure_text::find;
use crate::units::Nanos;

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
pub(super) struct FailedAttempt<'a> {
    pub(super) error: &'a hyper::Error,
    /// Whether no byte of the request was written.
    pub(super) unsent: bool,
    /// Whether other users share the connection: their requests too may have used it up.
    pub(super) shared: bool,
    /// Whether the connection was an idle one, see [`was_idle`].
    pub(super) idle: bool,
    /// Whether nothing of the response was read.
    pub(super) silent: bool,
    /// Whether a second execution has no further effect.
    pub(super) idempotent: bool,
    /// How many attempts failed before this one.
    pub(super) before: u32,
}

impl FailedAttempt<'_> {
    /// Whether the request may be sent once more.
    pub(super) fn may_resend(&self) -> bool {
        if refused(self.error) || (self.unsent && self.shared) {
            return self.before + 1 < MOST_REFUSALS;
        }
        // The server closed an idle connection. On one in use, or a new one, it is an answer.
        let stale = self.idle && self.idempotent && self.silent && is_closed(self.error);
        self.before == 0 && (self.unsent || stale)
    }
}

/// Whether the server says that it has not processed the request: a stream above the last one of a
/// GOAWAY, or REFUSED_STREAM.
fn refused(error: &hyper::Error) -> bool {
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
            .is_some_and(|error| {
                matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::BrokenPipe
                        | io::ErrorKind::NotConnected
                        | io::ErrorKind::UnexpectedEof
                )
            })
}

/// Whether a request may be executed twice: by its method, or because it carries a key by which
/// the server recognises the second.
pub(super) fn is_idempotent<B>(request: &Request<B>) -> bool {
    request.method().is_idempotent() || request.headers().contains_key(IDEMPOTENCY_KEY)
}
