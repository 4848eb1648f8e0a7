//! Types of bookings: the slot asked for, the booking, and the reasons for which there is none.

use chrono::{DateTime, Utc};
use shared::{
    api::bookings::{BookingQuery, BookingStatus, BookingView},
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
    problem::Code,
};

use crate::{
    db::{DbError, LostRace, Retryable},
    error::ApiError,
    idempotency::KeyRefusal,
    paging::PageNumber,
};

/// A slot as booking sees it, read without a lock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BookableSlot {
    /// Which slot.
    pub(super) id: SlotId,
    /// Whose time it is.
    pub(super) mentor_id: MentorId,
    /// Their shown name.
    pub(super) mentor_name: String,
    /// Whether the mentor is on the list; if not, nothing new is booked with them.
    pub(super) offered: bool,
    /// Begin of the lesson.
    pub(super) starts_at: DateTime<Utc>,
    /// End of the lesson.
    pub(super) ends_at: DateTime<Utc>,
    /// Places it has.
    pub(super) capacity: i32,
    /// What one place costs.
    pub(super) price_cents: Cents,
}

/// What a booking looks at before it takes a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BookingPrecheck {
    /// The slot that is asked for.
    pub(super) slot: BookableSlot,
    /// Begin and end of the student's first confirmed lesson that overlaps with it.
    pub(super) overlap: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When the transaction began: the time at which all that it makes is made.
    pub(super) now: DateTime<Utc>,
}

/// What a booking with a key looks at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum KeyedPrecheck {
    /// The key is this transaction's now; what decides, if there is such a slot.
    Claimed(Option<BookingPrecheck>),
    /// The key has a response.
    Taken,
}

/// A booking about to be made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewBooking {
    pub(super) id: BookingId,
    /// For whom.
    pub(super) student: UserId,
    /// In which slot.
    pub(super) slot: BookableSlot,
    /// The key that its request came with, kept whether or not a repetition is known by it.
    pub(super) client_key: Option<String>,
    /// Until when it is held unpaid; none where nothing is to be paid.
    pub(super) hold_expires_at: Option<DateTime<Utc>>,
    /// The response that is kept under the request's key; none where no repetition is known by it.
    pub(super) response: Option<KeyedResponse>,
}

/// The response to a booking, for the repetitions of its request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyedResponse {
    /// The key that the transaction has claimed.
    pub(super) key: String,
    /// HTTP status.
    pub(super) status: i16,
    pub(super) body: BookingView,
}

/// A booking as the one who takes money for it sees it, read under its lock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct PayableBooking {
    /// Who pays.
    pub(in super::super) student: UserId,
    /// What it costs.
    pub(in super::super) price: Cents,
    /// Whether it still has its place.
    pub(in super::super) is_active: bool,
    /// Until when it is held unpaid; none where it is paid, gone, or nothing is to be paid.
    pub(in super::super) hold_expires_at: Option<DateTime<Utc>>,
}

/// What a student asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BookingAttempt {
    /// Who asks.
    pub(super) student: UserId,
    /// For which slot.
    pub(super) slot: SlotId,
    /// The request's idempotency key, if it has one.
    pub(super) key: Option<String>,
}

/// A slot as moving sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MovableSlot {
    /// Which slot.
    pub(super) id: SlotId,
    /// Whose time it is.
    pub(super) mentor: MentorId,
    /// Begin of the lesson.
    pub(super) starts_at: DateTime<Utc>,
    /// End of the lesson.
    pub(super) ends_at: DateTime<Utc>,
}

/// Whose bookings a list reads, by the key that the table has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookingOwner {
    /// Those that a student made.
    Student(UserId),
    /// Those of the lessons that a mentor gives.
    Mentor(MentorId),
}

/// A list query that was checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BookingFilter {
    /// Only with this status.
    pub(super) status: Option<BookingStatus>,
    /// Lessons that begin at or after.
    pub(super) from: Option<DateTime<Utc>>,
    /// Lessons that begin before.
    pub(super) to: Option<DateTime<Utc>>,
    pub(super) page: PageNumber,
}

impl TryFrom<BookingQuery> for BookingFilter {
    type Error = ApiError;

    fn try_from(query: BookingQuery) -> Result<Self, ApiError> {
        let page = PageNumber::read(query.page, query.per_page)?;
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from >= to
        {
            return Err(ApiError::invalid("to", "`to` is later than `from`"));
        }
        Ok(Self {
            status: query.status,
            from: query.from,
            to: query.to,
            page,
        })
    }
}

impl BookingFilter {
    /// The query that means the same and is always written the same: the cache's key.
    pub(super) fn canonical(&self) -> BookingQuery {
        BookingQuery {
            status: self.status,
            from: self.from,
            to: self.to,
            page: Some(self.page.page),
            per_page: Some(self.page.per_page),
        }
    }
}

/// Why there is no booking, no other slot for one, or no cancellation: something that the person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BookingRefusal {
    /// No slot has that id.
    NoSuchSlot,
    /// The lesson has begun, or its mentor offers no more.
    SlotClosed,
    /// The student has another lesson then.
    StudentBusy {
        /// Begin of the other lesson.
        from: DateTime<Utc>,
        /// Its end.
        to: DateTime<Utc>,
    },
    /// The mentor has another slot then.
    MentorBusy {
        /// Begin of the other slot.
        from: DateTime<Utc>,
        /// Its end.
        to: DateTime<Utc>,
    },
    /// The lesson to be moved has begun.
    TooLateToMove,
    /// Every place is taken.
    SlotFull,
    /// Others changed the same rows for too long.
    Contention,
    /// The idempotency key came with another request before.
    KeyReused,
    /// The request with that key made its booking, and the response to it cannot be read.
    ResponseLost,
    /// No such booking, or not one of this person's.
    NoSuchBooking,
    /// It is cancelled already.
    Cancelled,
    /// The lesson has begun or is over.
    Begun,
    /// The lesson has begun or is over, or its class has begun early, so that no other slot is taken for it.
    Underway,
    /// The other slot is no place of the same kind: money never changes with the slot.
    SlotDiffers,
}

impl BookingRefusal {
    /// The stable code of the problem.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::NoSuchSlot | Self::NoSuchBooking => Code::NotFound,
            Self::SlotClosed | Self::TooLateToMove => Code::SlotClosed,
            Self::MentorBusy { .. } => Code::MentorBusy,
            Self::StudentBusy { .. } => Code::StudentBusy,
            Self::SlotFull => Code::SlotFull,
            Self::Contention => Code::Contention,
            Self::KeyReused => Code::IdempotencyMismatch,
            Self::ResponseLost => Code::ResponseLost,
            Self::Cancelled | Self::Begun | Self::Underway => Code::BookingNotActive,
            Self::SlotDiffers => Code::InvalidRequest,
        }
    }

    /// Whether support keeps it, to tell a parent later why there was no lesson.
    pub(super) const fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::SlotFull | Self::StudentBusy { .. } | Self::SlotClosed
        )
    }
}

impl std::fmt::Display for BookingRefusal {
    /// The sentence that the person reads.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchSlot => f.write_str("There is no lesson slot with this id."),
            Self::SlotClosed => f.write_str(
                "This lesson can no longer be booked: it has begun, or the mentor has \
                 withdrawn it. Please choose a later time.",
            ),
            Self::StudentBusy { from, to } => write!(
                f,
                "The student already has a lesson on {} from {} to {} UTC, which overlaps with \
                 this one. Please choose another time, or cancel the other lesson first.",
                from.format("%-d %B %Y"),
                from.format("%H:%M"),
                to.format("%H:%M"),
            ),
            Self::MentorBusy { from, to } => write!(
                f,
                "You have another lesson or open slot on {} from {} to {} UTC, which overlaps with \
                 the new time. Nothing was moved. Please choose another time, or move that one first.",
                from.format("%-d %B %Y"),
                from.format("%H:%M"),
                to.format("%H:%M"),
            ),
            Self::TooLateToMove => {
                f.write_str("This lesson has begun or is over and cannot be moved any more.")
            }
            Self::SlotFull => f.write_str(
                "Every place of this lesson is taken; another student was first. Nothing was \
                 booked. Please choose another time.",
            ),
            Self::Contention => f.write_str(
                "Many people are booking this lesson right now. Nothing was booked; please \
                 try again.",
            ),
            Self::KeyReused => f.write_str(
                "This Idempotency-Key was used for another request. Use a new key for a new \
                 booking.",
            ),
            Self::ResponseLost => f.write_str(
                "The first request with this Idempotency-Key made its booking, which is in the list of your \
                 bookings. Nothing was booked again.",
            ),
            Self::NoSuchBooking => f.write_str("You have no booking with this id."),
            Self::Cancelled => f.write_str("This booking was cancelled before."),
            Self::Begun => {
                f.write_str("This lesson has begun or is over and cannot be cancelled any more.")
            }
            Self::Underway => f.write_str(
                "This lesson or its class has begun or is over and cannot be rescheduled any more.",
            ),
            Self::SlotDiffers => f.write_str(
                "`slot_id` is not a slot of the same mentor, as long and at the same price. Nothing \
                 was changed. Please choose such a slot, or cancel this booking and book anew.",
            ),
        }
    }
}

/// Why the work of a transaction ended without effect.
#[derive(Debug)]
pub(super) enum BookingFailure {
    /// By a rule of bookings.
    Refused(BookingRefusal),
    /// The database failed.
    Db(DbError),
}

impl From<DbError> for BookingFailure {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<KeyRefusal> for BookingFailure {
    fn from(refusal: KeyRefusal) -> Self {
        Self::Refused(match refusal {
            KeyRefusal::Reused => BookingRefusal::KeyReused,
            KeyRefusal::Unreadable => BookingRefusal::ResponseLost,
            KeyRefusal::Lost => BookingRefusal::Contention,
        })
    }
}

impl From<BookingRefusal> for BookingFailure {
    fn from(refusal: BookingRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Retryable for BookingFailure {
    fn lost_race(&self) -> Option<LostRace> {
        match self {
            Self::Refused(_) => None,
            Self::Db(error) => error.lost_race(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + hour * 3_600, 0).unwrap()
    }

    #[test]
    fn a_filter_and_its_canonical_query_mean_the_same() {
        let filter = BookingFilter::try_from(BookingQuery::default()).unwrap();
        let same = BookingFilter::try_from(filter.canonical()).unwrap();
        assert_eq!(same, filter);
    }

    #[test]
    fn an_empty_span_is_refused_by_the_name_of_its_field() {
        let (from, to) = (Some(at(1)), Some(at(1)));
        let query = BookingQuery {
            from,
            to,
            ..BookingQuery::default()
        };
        let refused = BookingFilter::try_from(query).unwrap_err();
        assert!(refused.detail().starts_with("`to`"), "{refused}");
    }

    #[test]
    fn what_support_must_explain_is_kept_and_nothing_else() {
        let busy = BookingRefusal::StudentBusy {
            from: at(0),
            to: at(1),
        };
        for refusal in [BookingRefusal::SlotFull, BookingRefusal::SlotClosed, busy] {
            assert!(refusal.is_conflict());
            assert_eq!(refusal.code().status(), 409);
        }
        for refusal in [
            BookingRefusal::NoSuchSlot,
            BookingRefusal::Contention,
            BookingRefusal::KeyReused,
            BookingRefusal::ResponseLost,
            BookingRefusal::NoSuchBooking,
            BookingRefusal::Cancelled,
            BookingRefusal::Begun,
            BookingRefusal::TooLateToMove,
            BookingRefusal::Underway,
            BookingRefusal::SlotDiffers,
        ] {
            assert!(!refusal.is_conflict());
        }
    }

    #[test]
    fn an_overlap_tells_the_parent_which_lesson_is_in_the_way() {
        let text = BookingRefusal::StudentBusy {
            from: at(0),
            to: at(1),
        }
        .to_string();
        assert!(
            text.contains("15 January 2027 from 08:00 to 09:00 UTC"),
            "{text}"
        );
    }
}
