//! Types of attendance: marks that were checked, participants as marking sees them.

use chrono::{DateTime, Utc};
use shared::{
    api::{
        attendance::{AttendanceStatus, BookingMark, MAX_MARKS, MarkAllRequest},
        auth::Role,
    },
    ids::{BookingId, MentorId, UserId},
    problem::Code,
};

use crate::{db::DbError, error::ApiError, features::students::StudentViewer};

/// Marks in the order of their bookings, none of them of one booking twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarkSet(Vec<BookingMark>);

impl MarkSet {
    /// A single one.
    pub(super) fn one(mark: BookingMark) -> Self {
        Self(vec![mark])
    }

    /// The marks.
    pub(super) fn as_slice(&self) -> &[BookingMark] {
        &self.0
    }
}

impl TryFrom<MarkAllRequest> for MarkSet {
    type Error = ApiError;

    fn try_from(request: MarkAllRequest) -> Result<Self, ApiError> {
        let mut marks = request.marks;
        if !(1..=MAX_MARKS).contains(&marks.len()) {
            return Err(ApiError::invalid("marks", "1 to 100 marks"));
        }
        marks.sort_unstable_by_key(|mark| mark.booking_id);
        if marks
            .windows(2)
            .any(|pair| pair[0].booking_id == pair[1].booking_id)
        {
            return Err(ApiError::invalid("marks", "each booking once"));
        }
        Ok(Self(marks))
    }
}

/// A booking as marking sees it, read under its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MarkableBooking {
    pub(super) booking: BookingId,
    pub(super) student: UserId,
    pub(super) mentor: MentorId,
    pub(super) scheduled_at: DateTime<Utc>,
    /// Whether the place is taken and, where it has to be paid, paid.
    pub(super) takes_part: bool,
}

impl MarkableBooking {
    /// Why this participant cannot be marked at that instant, if so.
    pub(super) fn refusal(&self, staff: StudentViewer, now: DateTime<Utc>) -> Option<ApiError> {
        if staff.mentor().is_some_and(|mentor| mentor != self.mentor) {
            return Some(no_such_booking(self.booking));
        }
        if !self.takes_part {
            return Some(ApiError::new(
                Code::BookingNotActive,
                format!("booking {} was cancelled, or is not paid", self.booking),
            ));
        }
        (self.scheduled_at > now).then(|| {
            ApiError::new(
                Code::LessonNotBegun,
                format!("the lesson of booking {} has not begun", self.booking),
            )
        })
    }
}

/// The refusal of a mark of a booking that is none of a lesson of one's own.
pub(super) fn no_such_booking(booking: BookingId) -> ApiError {
    ApiError::new(
        Code::NotFound,
        format!("no booking {booking} of a lesson of yours"),
    )
}

/// The status that a stored word stands for.
pub(super) fn status(word: &str) -> Result<AttendanceStatus, DbError> {
    AttendanceStatus::named(word)
        .ok_or_else(|| DbError::Other(sqlx::Error::Decode(format!("no status `{word}`").into())))
}

/// Who reads a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttendanceReader {
    /// The student.
    Own,
    /// A member of the staff.
    Staff(StudentViewer),
}

impl AttendanceReader {
    /// Whoever may read that of a student; to others the student does not exist.
    pub(super) fn of(
        person: UserId,
        role: Role,
        mentor: Option<MentorId>,
        student: UserId,
    ) -> Result<Self, ApiError> {
        if person == student {
            return Ok(Self::Own);
        }
        StudentViewer::staff(role, mentor)
            .map(Self::Staff)
            .map_err(|_| ApiError::not_found("student"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn mark(n: u128) -> BookingMark {
        BookingMark {
            booking_id: BookingId(Uuid::from_u128(n)),
            status: AttendanceStatus::Late,
        }
    }

    #[test]
    fn marks_are_bounded_in_order_and_each_of_another_booking() {
        let read = |marks| MarkSet::try_from(MarkAllRequest { marks });
        assert_eq!(
            read(vec![mark(2), mark(1)]).unwrap().as_slice(),
            [mark(1), mark(2)]
        );
        let many = (0..=MAX_MARKS as u128).map(mark).collect();
        for wrong in [Vec::new(), vec![mark(1), mark(1)], many] {
            let refused = read(wrong).unwrap_err();
            assert!(refused.detail().starts_with("`marks`"), "{refused}");
        }
    }

    #[test]
    fn every_status_reads_back_from_the_word_it_is_stored_as() {
        for wanted in AttendanceStatus::ALL.iter().copied() {
            assert_eq!(status(wanted.as_str()).unwrap(), wanted);
        }
        assert!(status("asleep").is_err());
    }

    #[test]
    fn another_mentors_participant_does_not_exist_and_one_who_gave_the_place_back_takes_no_part() {
        let now = DateTime::UNIX_EPOCH;
        let own = MentorId(Uuid::from_u128(1));
        let participant = MarkableBooking {
            booking: BookingId(Uuid::from_u128(2)),
            student: UserId(Uuid::from_u128(3)),
            mentor: own,
            scheduled_at: now,
            takes_part: true,
        };
        let code = |participant: MarkableBooking, staff| {
            participant
                .refusal(staff, now)
                .map(|refusal: ApiError| refusal.code())
        };
        let other = StudentViewer::Mentor(MentorId(Uuid::from_u128(9)));
        assert_eq!(code(participant, StudentViewer::Mentor(own)), None);
        assert_eq!(code(participant, StudentViewer::Admin), None);
        assert_eq!(code(participant, other), Some(Code::NotFound));
        let cancelled = MarkableBooking {
            takes_part: false,
            ..participant
        };
        assert_eq!(
            code(cancelled, StudentViewer::Admin),
            Some(Code::BookingNotActive)
        );
        let later = MarkableBooking {
            scheduled_at: now + chrono::TimeDelta::seconds(1),
            ..participant
        };
        assert_eq!(
            code(later, StudentViewer::Admin),
            Some(Code::LessonNotBegun)
        );
    }
}
