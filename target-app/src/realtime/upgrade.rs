//! The upgrade of a request to a WebSocket: what is checked, and the sizes of its buffers.

use axum::{
    extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use shared::{api::socket::MAX_FRAME_BYTES, problem::Code};

use crate::error::ApiError;

/// Read and write buffers of a socket; the library's own are 128 KiB each, which is what ten
/// thousand idle sockets would cost a gigabyte for.
const BUFFER_BYTES: usize = 4 * 1024;
/// Bytes that may wait to be written before the socket's task waits too.
const MAX_WRITE_BYTES: usize = 64 * 1024;
/// Where the library itself stops reading a frame. Above the documented limit, so that a frame
/// a little too large is read, refused and the connection closed in order.
const HARD_FRAME_BYTES: usize = 4 * MAX_FRAME_BYTES;

/// The upgrade that a request asks for, if it asks for one.
pub fn checked_upgrade(
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, ApiError> {
    let upgrade = upgrade.map_err(|rejection| {
        let detail = format!("this route speaks WebSocket: {}", rejection.body_text());
        ApiError::new(Code::InvalidRequest, detail)
    })?;
    // The library answers whatever key it gets (RFC 6455, 4.2.1 wants 16 bytes in base64).
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let key = key.and_then(|key| STANDARD.decode(key).ok());
    if key.is_none_or(|key| key.len() != 16) {
        let detail = "`Sec-WebSocket-Key` is 16 bytes in base64";
        return Err(ApiError::new(Code::InvalidRequest, detail));
    }
    Ok(upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(MAX_WRITE_BYTES)
        .max_frame_size(HARD_FRAME_BYTES)
        .max_message_size(HARD_FRAME_BYTES))
}
