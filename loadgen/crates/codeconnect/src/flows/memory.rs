//! What one virtual user of one flow remembers from one iteration to the next.

use shared::ids::RoomId;

use crate::database::{DatabaseConnection, Written};

/// The memory of one virtual user; a fresh one is empty.
#[derive(Debug, Default)]
pub struct FlowMemory {
    /// The chat room it sits in, also while its socket is lost.
    pub chat: Option<ChatMemory>,
    /// What it has of the database, where it loads that directly.
    pub database: DatabaseMemory,
    /// Counts what it makes up names for: chat messages.
    pub made: u64,
}

/// What a user who loads the database has of it.
#[derive(Debug, Default)]
pub struct DatabaseMemory {
    /// Its own connection, between two queries.
    pub connection: Option<DatabaseConnection>,
    /// The last row that it wrote.
    pub written: Option<Written>,
}

/// A joined chat room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMemory {
    /// Who sits there: the place of the account among all.
    pub account: usize,
    /// Which room.
    pub room: RoomId,
    /// The last sequence number that was seen there.
    pub last_seq: i64,
    /// The transport's overflow count when that number was seen: more of it excuses a gap.
    pub overflow: u64,
    /// Whether the next number may be any: the generator threw texts away.
    pub gap_excused: bool,
    /// Set when the server said that this socket was too slow: resume after this number.
    pub resume_after: Option<i64>,
}
