//! Booking a place in a slot.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{BookingId, MentorId, SlotId, UserId},
    money::Cents,
    words::words,
};

words! {
    /// Where a booking stands.
    BookingStatus {
        /// The place is taken.
        Confirmed = "confirmed",
        /// The place was given back.
        Cancelled = "cancelled",
        /// The lesson took place.
        Completed = "completed",
    }
}

/// Body of a booking; the `Idempotency-Key` header makes a repetition harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BookingRequest {
    /// Which slot.
    pub slot_id: SlotId,
}

/// Body of a change to another slot; the same slot again changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RescheduleRequest {
    /// Which slot to take instead: of the same mentor, as long and at the same price.
    pub slot_id: SlotId,
}

/// A student's place in a slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BookingView {
    /// Which booking.
    pub id: BookingId,
    /// In which slot.
    pub slot_id: SlotId,
    /// With whom.
    pub mentor_id: MentorId,
    /// Their shown name.
    pub mentor_name: String,
    /// For whom.
    pub student_id: UserId,
    /// Where it stands.
    pub status: BookingStatus,
    /// Begin of the lesson.
    pub scheduled_at: DateTime<Utc>,
    /// End of the lesson.
    pub ends_at: DateTime<Utc>,
    /// What the place costs.
    pub price_cents: Cents,
    /// When it was booked.
    pub created_at: DateTime<Utc>,
    /// Until when the place is held unpaid; absent where it is paid, or where nothing is to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_expires_at: Option<DateTime<Utc>>,
}

/// Query of one's own bookings (a student's, or the lessons a mentor gives), newest lesson first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct BookingQuery {
    /// Only with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<BookingStatus>,
    /// Lessons that begin at or after.
    #[serde(
        default,
        deserialize_with = "crate::bounds::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<DateTime<Utc>>,
    /// Lessons that begin before.
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
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
}
