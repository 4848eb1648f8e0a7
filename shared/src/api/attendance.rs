//! Attendance: whether the participants of a lesson came.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{BookingId, UserId},
    words::words,
};

/// Most marks in one request.
pub const MAX_MARKS: usize = 100;

words! {
    /// Whether a participant came.
    AttendanceStatus {
        /// In time.
        Present = "present",
        /// After the begin.
        Late = "late",
        /// Not at all.
        Absent = "absent",
    }
}

/// Body of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkRequest {
    /// Whether the participant came.
    pub status: AttendanceStatus,
}

/// One of several marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BookingMark {
    /// Whose place: the booking of the participant.
    pub booking_id: BookingId,
    /// Whether they came.
    pub status: AttendanceStatus,
}

/// Body of several marks, each of another booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkAllRequest {
    /// 1 to 100 marks.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub marks: Vec<BookingMark>,
}

/// A mark as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttendanceView {
    /// Which booking.
    pub booking_id: BookingId,
    /// Whose booking it is.
    pub student_id: UserId,
    /// Whether they came.
    pub status: AttendanceStatus,
    /// When this was marked; the same mark again changes nothing.
    pub marked_at: DateTime<Utc>,
}

/// Several marks as they are now, in the order of their bookings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttendanceList {
    /// The marks.
    pub items: Vec<AttendanceView>,
}

/// The attendance of one student: of all lessons that have begun, or where a mentor asks, of those with
/// this mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttendanceSummary {
    /// Which student.
    pub student_id: UserId,
    /// Lessons that have begun, those aside whose place is held and not paid.
    pub lessons: i64,
    /// Marked as present.
    pub present: i64,
    /// Marked as late.
    pub late: i64,
    /// Marked as absent.
    pub absent: i64,
    /// Not marked yet.
    pub unmarked: i64,
}
