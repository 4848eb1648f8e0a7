//! Where a worker sends its requests, and how: address, host name, client options, clock.

use std::{cell::Cell, net::SocketAddr};

use http::HeaderValue;

use super::client_options::ClientOptions;
use crate::clock::TrialClock;

/// Where load goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Address that is connected to.
    pub address: SocketAddr,
    /// Value of the `Host` header.
    pub host: String,
}

/// Named by its address.
impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            host: address.to_string(),
        }
    }
}

/// One endpoint of the target as the clients of one worker see it.
pub(super) struct ClientEndpoint {
    /// The clock of the trial, for the times of a connection.
    pub(super) clock: TrialClock,
    pub(super) address: SocketAddr,
    /// Value of the `Host` header.
    pub(super) host: HeaderValue,
    pub(super) client: ClientOptions,
    /// Connections opened to it.
    pub(super) connections: Cell<u64>,
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

    /// Counts one more connection.
    pub(super) fn connected(&self) {
        self.connections.set(self.connections.get() + 1);
    }
}
