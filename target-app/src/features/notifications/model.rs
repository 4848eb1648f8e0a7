//! Types of notifications: who reads one.

use shared::ids::UserId;

/// Which participant of a booking a notification is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Student,
    /// The one who did not act, or the student where neither did.
    OtherThan(UserId),
}

impl Audience {
    /// Who acted.
    pub(super) const fn actor(self) -> Option<UserId> {
        match self {
            Self::Student => None,
            Self::OtherThan(actor) => Some(actor),
        }
    }
}
