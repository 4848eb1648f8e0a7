//! Recorded classes and their playback.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{BookingId, RecordingId};

/// A recorded class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingView {
    /// Which recording.
    pub id: RecordingId,
    /// Of which lesson.
    pub booking_id: BookingId,
    /// Shown title.
    pub title: String,
    /// Length in seconds.
    pub duration_seconds: i32,
    /// Size of the file in bytes.
    pub size_bytes: i64,
    /// Key of the file; [`crate::media`] computes the bytes from it.
    pub media_key: String,
    /// When the class was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// Query of one's recordings, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct RecordingQuery {
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
}

/// A signed link to a recording's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaybackLink {
    /// Path and query, on the same host; takes `Range`.
    pub url: String,
    /// When the link stops working.
    pub expires_at: DateTime<Utc>,
}
