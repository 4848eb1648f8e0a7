//! Dashboards: what an administrator, a mentor or a student sees first. All three have the same
//! parts, about every lesson, those of the mentor, or those of the student.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::bookings::BookingStatus;
use crate::{
    ids::{BookingId, MentorId, UserId},
    money::Cents,
};

/// Most lessons in each of the two lists.
pub const MAX_SHOWN: usize = 10;
/// Days before and after the day of a dashboard that its figures are about.
pub const PERIOD_DAYS: u64 = 30;

/// A dashboard on one day, UTC. It changes with the lessons that it is about, and at midnight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dashboard {
    /// The day.
    pub date: NaiveDate,
    /// How many lessons there are.
    pub overview: DashboardOverview,
    /// What was booked and cancelled last, latest first; at most 10.
    pub activity: Vec<DashboardActivity>,
    /// The next lessons from the begin of the day on, earliest first; at most 10.
    pub upcoming: Vec<UpcomingLesson>,
    /// What the lessons cost.
    pub finances: FinancialSummary,
    /// Who takes part, and how regularly.
    pub students: StudentStatistics,
}

/// Numbers of lessons; a cancelled one is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DashboardOverview {
    /// On the day.
    pub lessons_today: i64,
    /// On the day and the six after it.
    pub lessons_week: i64,
    /// In the 30 days before the day.
    pub lessons_held: i64,
    /// Cancelled ones, of those that were to begin in the 30 days before or after.
    pub lessons_cancelled: i64,
    /// Different mentors with a lesson in the 30 days before or after.
    pub mentors: i64,
}

/// The latest change of a booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DashboardActivity {
    /// Which booking.
    pub booking_id: BookingId,
    /// `cancelled`, or what it is since it was made.
    pub status: BookingStatus,
    /// When it was made, or cancelled.
    pub at: DateTime<Utc>,
    /// Begin of the lesson.
    pub scheduled_at: DateTime<Utc>,
    /// Shown name of the student.
    pub student_name: String,
    /// Shown name of the mentor.
    pub mentor_name: String,
}

/// A lesson that is to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpcomingLesson {
    /// Which booking.
    pub booking_id: BookingId,
    /// For whom.
    pub student_id: UserId,
    /// Their shown name.
    pub student_name: String,
    /// With whom.
    pub mentor_id: MentorId,
    /// Their shown name.
    pub mentor_name: String,
    /// Begin of the lesson.
    pub scheduled_at: DateTime<Utc>,
    /// End of the lesson.
    pub ends_at: DateTime<Utc>,
}

/// Prices of lessons: income of mentors and platform, expenses of students.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FinancialSummary {
    /// Of the lessons in the 30 days before the day.
    pub held_cents: Cents,
    /// Of the lessons on the day and in the 29 after it.
    pub booked_cents: Cents,
    /// Of the cancelled ones of these 60 days.
    pub cancelled_cents: Cents,
}

/// Students and their attendance in the 30 days before the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StudentStatistics {
    /// Different students with a lesson in the 30 days before or after.
    pub active: i64,
    /// Lessons to which a student came in time.
    pub present: i64,
    /// Lessons to which a student came late.
    pub late: i64,
    /// Lessons to which a student did not come.
    pub absent: i64,
}
