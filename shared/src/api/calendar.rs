//! The calendar of a mentor or student: events of a span or a week, and moving one of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::bookings::BookingStatus;
use crate::{
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
};

/// Most events in one response.
pub const MAX_EVENTS: u32 = 1_000;
/// Longest span of a query, in days.
pub const MAX_SPAN_DAYS: i64 = 400;

/// A span of a mentor's time with those who take part in it. It is a slot and its active bookings;
/// there is no event apart from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarEvent {
    /// The slot that it is.
    pub id: SlotId,
    /// Whose time it is.
    pub mentor_id: MentorId,
    /// Their shown name.
    pub mentor_name: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// Places it has.
    pub capacity: i32,
    /// Places taken; 0 for time that is offered and not booked.
    pub booked: i32,
    /// What one place costs.
    pub price_cents: Cents,
    /// The active bookings: all of them for the mentor, their own for a student.
    pub lessons: Vec<CalendarLesson>,
}

/// A student's place in an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarLesson {
    /// Which booking.
    pub booking_id: BookingId,
    /// For whom.
    pub student_id: UserId,
    /// Their shown name.
    pub student_name: String,
    /// Where it stands.
    pub status: BookingStatus,
}

/// Query of the events that begin in a span, earliest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct CalendarQuery {
    /// Events that begin at or after; now if absent.
    #[serde(
        default,
        deserialize_with = "crate::bounds::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<DateTime<Utc>>,
    /// Events that begin before; 31 days after `from` if absent, at most 400 days.
    #[serde(
        default,
        deserialize_with = "crate::bounds::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<DateTime<Utc>>,
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Events a page, at most 1000; 1000 if absent, which a busy month fits into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub per_page: Option<u32>,
}

/// Query of one week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct WeekQuery {
    /// A day of the week, UTC; today if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
}

/// A week from Monday to Sunday, UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarWeek {
    /// Its first day.
    pub monday: NaiveDate,
    /// Its seven days.
    pub days: Vec<CalendarDay>,
    /// Events of the whole week; more than the days hold where there are more than 1000.
    pub total: u64,
}

/// A day with the events that begin on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarDay {
    /// The day, UTC.
    pub date: NaiveDate,
    /// Its events, earliest first.
    pub events: Vec<CalendarEvent>,
}

/// Body of a move: where the event begins from now on. Its length stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// The new begin, in the next ten years.
    #[serde(deserialize_with = "crate::bounds::required_instant")]
    pub starts_at: DateTime<Utc>,
}
