//! Compression of answers, as `http.compression` says and where the client can unpack them.
//!
//! Only bodies that are known in full, are JSON and are worth it: the bytes of recordings are
//! compressed already and asked for by range. The work is done while the body is sent, so it is
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

/// Smaller bodies fit into one packet with their headers: compressed, they come no sooner.
const MIN_BYTES: u64 = 1_024;
/// nginx's own default, `gzip_comp_level 1`: most of what gzip saves, for the least work.
const GZIP_LEVEL: i32 = 1;
/// Brotli's levels go to 11; above 5 each costs several times as much for a few per cent.
const BROTLI_LEVEL: i32 = 4;

/// Compresses the answer if the profile, the client and the answer itself allow it.
pub async fn compress(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // In a statement of its own: the engine itself is not to be held while the request runs.
    let offered = state.engine().profile.http_compression;
    let layer = CompressionLayer::new();
    let layer = match offered {
        Compression::Off => return next.run(request).await,
        Compression::Gzip => layer.no_br().quality(CompressionLevel::Precise(GZIP_LEVEL)),
        Compression::Br => layer
            .no_gzip()
            .quality(CompressionLevel::Precise(BROTLI_LEVEL)),
    };
    let worth_it = SizeAbove::new(MIN_BYTES).and(is_good_json);
    match layer
        .compress_when(worth_it)
        .layer(next)
        .oneshot(request)
        .await
    {
        Ok(response) => response.map(Body::new),
        Err(never) => never.into_response(),
    }
}

/// Refusals are written anew by the outer layer, so they stay as they are.
fn is_good_json(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    status.is_success()
        && headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}
