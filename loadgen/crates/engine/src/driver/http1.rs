//! HTTP/1.1 connections. Responses are read as leniently as curl reads them.

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{failure_text::plain_failure, message::RequestFailure};
use crate::sample::Outcome;

/// Most header lines of a response. The parser reserves space for so many at each response.
pub(super) const MAX_HEADER_LINES: usize = 1_000;

/// The handle and the future of a connection over a stream.
pub(super) type Http1Parts<S> = (
    SendRequest<Full<Bytes>>,
    Connection<TokioIo<S>, Full<Bytes>>,
);

/// Speaks HTTP/1.1 over an open stream.
pub(super) async fn over<S>(stream: S) -> Result<Http1Parts<S>, RequestFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // A request is written in one buffer: a plain write is cheaper for the kernel than writev.
    Builder::new()
        .writev(false)
        .max_headers(MAX_HEADER_LINES)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| (Outcome::Connect, plain_failure(&error)))
}
