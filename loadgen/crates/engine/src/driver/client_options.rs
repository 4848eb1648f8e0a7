//! Options of the client: what carries the bytes, which protocol is spoken, what may be compressed.

use std::path::PathBuf;

use super::{encoding::Encoding, tls::Tls};

/// How the client reaches the target; plain HTTP/1.1 over TCP by default.
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// Unix socket to use instead of the target's address.
    pub unix: Option<PathBuf>,
    /// TLS over TCP or over the Unix socket.
    pub tls: Option<Tls>,
    /// HTTP/2 instead of HTTP/1.1, and how many users share a connection; at least 1.
    pub http2_streams: Option<u32>,
    /// A client that keeps cookies and follows redirects, instead of bare connections.
    pub cookie_client: Option<CookieClientOptions>,
    /// Content coding to ask for; without one, responses are requested uncompressed.
    pub encoding: Option<Encoding>,
}

/// Options of the cookie-keeping client. It always keeps cookies, one jar a user.
#[derive(Debug, Clone, Copy)]
pub struct CookieClientOptions {
    /// Most redirects that are followed, all of them on the same host and port; a request that
    /// meets more has failed.
    pub redirects: usize,
}
