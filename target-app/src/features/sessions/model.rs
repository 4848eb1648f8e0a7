//! Types of sessions, and when a class may be initiated.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    api::sessions::{MAX_PARTS, SessionView},
    ids::{BookingId, SessionId, UserId},
    problem::Code,
};

use super::signals::SessionSide;
use crate::{
    db::{DbError, LostRace, Retryable},
    error::ApiError,
};

/// How long before its lesson a class can be initiated, where the slot does not say.
const EARLY: TimeDelta = TimeDelta::minutes(15);
/// How long after its lesson a session ends at the latest.
const LATE: TimeDelta = TimeDelta::minutes(15);
/// Longest session.
const LONGEST: TimeDelta = TimeDelta::hours(4);

/// A booking as initiating its class sees it, read under its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClassBooking {
    /// Which booking.
    pub(super) id: BookingId,
    /// Whether it is confirmed and paid.
    pub(super) standing: BookingStanding,
    /// From when the slot says that its classes can be initiated.
    pub(super) opens_at: Option<DateTime<Utc>>,
    /// Begin of the lesson.
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    /// Sessions so far.
    pub(super) parts: i16,
    /// When the last of them that has ended did.
    pub(super) former_ended_at: Option<DateTime<Utc>>,
    /// The one that is live.
    pub(super) live: Option<LiveSession>,
}

/// Whether a booking may have a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookingStanding {
    /// It may.
    Confirmed,
    /// It is held and not paid.
    Unpaid,
    /// It is cancelled, or its lesson is completed.
    NotActive,
}

/// A session that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LiveSession {
    /// Which session.
    pub(super) id: SessionId,
    /// When it ends at the latest.
    pub(super) expires_at: DateTime<Utc>,
}

/// A session about to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NewSession {
    pub(super) id: SessionId,
    /// Of which booking.
    pub(super) booking: BookingId,
    /// Its number in the booking.
    pub(super) part: i16,
    /// Who initiates it.
    pub(super) initiator: UserId,
    /// When it begins.
    pub(super) started_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub(super) expires_at: DateTime<Utc>,
}

impl ClassBooking {
    /// The time at which a session begins where the clock of this instance says `now`: never before the one
    /// before has ended, whichever clock of several instances is ahead.
    pub(super) fn begin(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.former_ended_at.map_or(now, |ended| ended.max(now))
    }

    /// The number and latest end of a session that begins now, or why none may.
    pub(super) fn admit(&self, now: DateTime<Utc>) -> Result<(i16, DateTime<Utc>), SessionFailure> {
        match self.standing {
            BookingStanding::Confirmed => {}
            BookingStanding::Unpaid => {
                return Err(SessionFailure::Refused(
                    Code::BookingNotActive,
                    "This booking is not paid yet: its class can be initiated once it is.",
                ));
            }
            BookingStanding::NotActive => {
                return Err(SessionFailure::Refused(
                    Code::BookingNotActive,
                    "This booking is cancelled or its lesson is completed.",
                ));
            }
        }
        let opens_at = self.opens_at.unwrap_or(self.starts_at - EARLY);
        if now < opens_at || now >= self.ends_at {
            return Err(SessionFailure::Refused(
                Code::ClassNotOpen,
                "A class can be initiated from a quarter of an hour before its lesson until the \
                 lesson's end.",
            ));
        }
        if self.parts >= MAX_PARTS {
            return Err(SessionFailure::Refused(
                Code::ClassNotOpen,
                "This class was taken up again too often.",
            ));
        }
        let expires_at = (now + LONGEST).min(self.ends_at + LATE);
        Ok((self.parts + 1, expires_at))
    }
}

/// Which side of a session a person is on.
pub(super) fn side(session: &SessionView, person: UserId) -> Option<SessionSide> {
    if person == session.student_id {
        Some(SessionSide::Student)
    } else if person == session.mentor_id {
        Some(SessionSide::Mentor)
    } else {
        None
    }
}

/// Refuses a session that is over.
pub(super) fn live(session: SessionView, now: DateTime<Utc>) -> Result<SessionView, ApiError> {
    if session.ended_at.is_none() && session.expires_at > now {
        Ok(session)
    } else {
        Err(ApiError::new(
            Code::SessionEnded,
            "This session is over. While its lesson lasts, a new one can be initiated.",
        ))
    }
}

/// Why a session does not begin.
#[derive(Debug)]
pub(super) enum SessionFailure {
    /// By a rule of sessions.
    Refused(Code, &'static str),
    /// The database failed.
    Db(DbError),
}

impl From<DbError> for SessionFailure {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<SessionFailure> for ApiError {
    fn from(failure: SessionFailure) -> Self {
        match failure {
            SessionFailure::Refused(code, why) => Self::new(code, why),
            SessionFailure::Db(error) => error.into(),
        }
    }
}

impl Retryable for SessionFailure {
    fn lost_race(&self) -> Option<LostRace> {
        match self {
            Self::Refused(..) => None,
            Self::Db(error) => error.lost_race(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).unwrap()
    }

    /// A lesson from minute 60 to minute 120.
    fn booking() -> ClassBooking {
        ClassBooking {
            id: BookingId(uuid::Uuid::nil()),
            standing: BookingStanding::Confirmed,
            opens_at: None,
            starts_at: at(60),
            ends_at: at(120),
            parts: 0,
            former_ended_at: None,
            live: None,
        }
    }

    fn code(refused: Result<(i16, DateTime<Utc>), SessionFailure>) -> Code {
        ApiError::from(refused.unwrap_err()).code()
    }

    #[test]
    fn a_class_is_open_from_a_quarter_of_an_hour_before_its_lesson_until_its_end() {
        assert_eq!(code(booking().admit(at(44))), Code::ClassNotOpen);
        assert_eq!(booking().admit(at(45)).unwrap(), (1, at(135)));
        assert_eq!(booking().admit(at(119)).unwrap(), (1, at(135)));
        assert_eq!(code(booking().admit(at(120))), Code::ClassNotOpen);
    }

    #[test]
    fn a_session_begins_now_and_not_before_the_one_before_has_ended() {
        assert_eq!(booking().begin(at(61)), at(61));
        let again = ClassBooking {
            former_ended_at: Some(at(70)),
            ..booking()
        };
        assert_eq!(again.begin(at(71)), at(71));
        // Another instance ended it, whose clock is ahead.
        assert_eq!(again.begin(at(69)), at(70));
    }

    #[test]
    fn a_slot_may_open_its_classes_earlier_and_no_session_is_longer_than_four_hours() {
        let early = ClassBooking {
            opens_at: Some(at(-1_000)),
            ..booking()
        };
        assert_eq!(early.admit(at(-900)).unwrap().1, at(-900 + 240));
        assert_eq!(code(early.admit(at(-1_001))), Code::ClassNotOpen);
    }

    #[test]
    fn only_a_confirmed_booking_has_a_class_and_not_without_end() {
        for standing in [BookingStanding::Unpaid, BookingStanding::NotActive] {
            let other = ClassBooking {
                standing,
                ..booking()
            };
            assert_eq!(code(other.admit(at(60))), Code::BookingNotActive);
        }
        let often = ClassBooking {
            parts: MAX_PARTS,
            ..booking()
        };
        assert_eq!(code(often.admit(at(60))), Code::ClassNotOpen);
    }
}
