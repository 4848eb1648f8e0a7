//! Where a worker sends its requests, and how: address, host name, client options, clock.

use std::net::SocketAddr;

use http::HeaderValue;

use super::client_options::ClientOptions;
use crate::clock::TrialClock;

/// The target as the clients of one worker see it.
pub(super) struct ClientEndpoint {
    /// The clock of the trial, for the times of a connection.
    pub(super) clock: TrialClock,
    pub(super) address: SocketAddr,
    /// Value of the `Host` header.
    pub(super) host: HeaderValue,
    pub(super) client: ClientOptions,
}

impl ClientEndpoint {
    /// `https` or `http`.
    pub(super) fn scheme(&self) -> &'static str {
        if self.client.tls.is_some() {
            "https"
        } else {
            "http"
        }
    }
}
