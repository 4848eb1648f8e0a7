//! Which seeded room a test uses, and who is in it.

use shared::{
    dataset::{RowKind, id},
    ids::RoomId,
};

/// Seeded room `n`: its members are mentor `n` and, among others, students `n`, `n + 60` and so
/// on up to `n + 540`.
pub(super) fn room(n: u32) -> RoomId {
    RoomId(id(RowKind::Room, n))
}
