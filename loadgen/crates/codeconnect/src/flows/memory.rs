//! What one virtual user of one flow remembers from one iteration to the next.

use shared::ids::{RoomId, UserId};

/// The memory of one virtual user; a fresh one is empty.
#[derive(Debug, Default)]
pub struct FlowMemory {
    /// The chat room it sits in, while its socket is open.
    pub chat: Option<ChatMemory>,
    /// Counts what it makes up names for: chat messages.
    pub made: u64,
}

/// A joined chat room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMemory {
    /// Which room.
    pub room: RoomId,
    /// Who sits there.
    pub sender: UserId,
    /// The last sequence number that was seen there.
    pub last_seq: i64,
    /// The transport's overflow count when that number was seen: more of it excuses a gap.
    pub overflow: u64,
    /// Set when the server said that this socket was too slow: resume after this number.
    pub resume_after: Option<i64>,
}
