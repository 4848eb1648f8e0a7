//! Notifications: what others did to one's lessons. Listed over HTTP, and pushed over the chat socket.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{BookingId, NotificationId},
    words::words,
};

/// Largest number of unread notifications that is counted.
pub const MAX_UNREAD: u32 = 1_000;

words! {
    /// What happened.
    #[derive(PartialOrd, Ord)]
    NotificationKind {
        /// A student booked a place with the mentor.
        BookingMade = "booking_made",
        /// The other participant cancelled the booking.
        BookingCancelled = "booking_cancelled",
        /// The lesson is at another time: the mentor moved it, or the other participant took another slot for it.
        BookingMoved = "booking_moved",
        /// The booking is paid.
        BookingPaid = "booking_paid",
        /// The booking was not paid in time; its place was given back.
        BookingReleased = "booking_released",
        /// The other participant has begun the video class.
        SessionStarted = "session_started",
    }
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationView {
    /// Which notification.
    pub id: NotificationId,
    /// What happened.
    pub kind: NotificationKind,
    /// To which booking.
    pub booking_id: BookingId,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When it was marked read; absent while it is unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
}

/// Query of one's notifications, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct NotificationQuery {
    /// Only those that are unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
}

/// How many of one's notifications are unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnreadCount {
    /// Their number; [`MAX_UNREAD`] stands for that many or more.
    pub unread: u32,
}

/// The effect of marking all of one's notifications read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MarkedRead {
    /// How many were unread until now.
    pub marked: u64,
}
