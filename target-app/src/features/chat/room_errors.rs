//! How long a message waits for its room, and how a room refuses.

use std::time::Duration;

use shared::problem::Code;

use crate::error::ApiError;

/// Longest wait for a room's turn: if the database does not answer, each earlier turn takes its
/// whole time, and no sender should wait for all of them.
pub(super) const TURN_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn no_such_room() -> ApiError {
    ApiError::not_found("room")
}

pub(super) fn too_busy() -> ApiError {
    ApiError::new(Code::Overloaded, "the room is too busy, try again")
}
