//! Compression of answers, as `http.compression` says and where the client accepts it.
//!
//! Only JSON bodies of some size: recordings are compressed already and requested by range. The work is done while the body is sent, so it is
//! not part of the `total` of `Server-Timing`.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::profile::Compression;
use tower::{Layer as _, ServiceExt as _};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{Predicate, SizeAbove},
    },
};

use crate::state::AppState;

/// Smaller bodies fit into one packet with their headers, so compression saves no time.
const MIN_BYTES: u64 = 1_024;
/// nginx's own default, `gzip_comp_level 1`: most of what gzip saves, for the least work.
const GZIP_LEVEL: i32 = 1;
/// Brotli's levels go to 11; above 5 each costs several times as much for a few per cent.
const BROTLI_LEVEL: i32 = 4;

/// Compresses the answer if the policy, the client and the answer itself allow it.
pub async fn compress(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // Copied out, so that the request does not hold the engine.
    let offered = state.engine().policies.http.compression;
    let layer = CompressionLayer::new();
    let layer = match offered {
        Compression::Off => return next.run(request).await,
        Compression::Gzip => layer.no_br().quality(CompressionLevel::Precise(GZIP_LEVEL)),
        Compression::Br => layer
            .no_gzip()
            .quality(CompressionLevel::Precise(BROTLI_LEVEL)),
    };
    let predicate = SizeAbove::new(MIN_BYTES).and(is_good_json);
    match layer
        .compress_when(predicate)
        .layer(next)
        .oneshot(request)
        .await
    {
        Ok(response) => response.map(Body::new),
        Err(never) => never.into_response(),
    }
}

/// Problems are written again by the outer layer, so they are not compressed.
fn is_good_json(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    status.is_success()
        && headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}
