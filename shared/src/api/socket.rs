//! What all WebSockets of the API have in common: the size of a frame, and why the server closes one.

/// Largest frame a client may send, in bytes.
pub const MAX_FRAME_BYTES: usize = 16 * 1024;

/// WebSocket close codes of every socket.
pub mod close {
    /// The server stops; connect again.
    pub const GOING_AWAY: u16 = 1001;
    /// What was sent breaks the rules of WebSocket.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// The frame is not one of the documented ones.
    pub const BAD_FRAME: u16 = 1007;
    /// The account is not active any more.
    pub const REVOKED: u16 = 1008;
    /// The frame is larger than [`super::MAX_FRAME_BYTES`].
    pub const TOO_BIG: u16 = 1009;
    /// Nothing was heard for too long.
    pub const IDLE: u16 = 4000;
}
