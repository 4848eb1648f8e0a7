//! What recordings speak of.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use shared::{
    api::recordings::{RecordingQuery, RecordingView},
    ids::{BookingId, RecordingId},
    page::{DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE},
};

use crate::error::ApiError;

/// How long a signed link works.
pub(super) const LINK_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Longest key of a file.
const MAX_KEY: usize = 64;

/// A recorded class as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recording {
    pub(super) id: RecordingId,
    pub(super) booking: BookingId,
    pub(super) title: String,
    pub(super) duration_seconds: i32,
    pub(super) size_bytes: i64,
    pub(super) media_key: String,
    pub(super) recorded_at: DateTime<Utc>,
}

impl From<Recording> for RecordingView {
    fn from(recording: Recording) -> Self {
        Self {
            id: recording.id,
            booking_id: recording.booking,
            title: recording.title,
            duration_seconds: recording.duration_seconds,
            size_bytes: recording.size_bytes,
            media_key: recording.media_key,
            recorded_at: recording.recorded_at,
        }
    }
}

/// Which part of the list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    /// From 1.
    pub(super) page: u32,
    pub(super) per_page: u32,
}

impl Numbered {
    /// Items before the page.
    pub(super) fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.per_page)
    }
}

impl TryFrom<RecordingQuery> for Numbered {
    type Error = ApiError;

    fn try_from(query: RecordingQuery) -> Result<Self, ApiError> {
        let page = query.page.unwrap_or(1);
        let per_page = query.per_page.unwrap_or(DEFAULT_PER_PAGE);
        if !(1..=MAX_PAGE).contains(&page) {
            return Err(ApiError::invalid("page", "a page from 1 to 1000"));
        }
        if !(1..=MAX_PER_PAGE).contains(&per_page) {
            return Err(ApiError::invalid("per_page", "a number from 1 to 100"));
        }
        Ok(Self { page, per_page })
    }
}

/// What makes a link work: when it stops, and the proof that we wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Seconds since 1970.
    pub expires: i64,
    /// As the playback link carries it.
    pub signature: String,
}

/// The file of a key, or `None` for a key that could lead out of the folder.
pub(super) fn file(folder: &Path, key: &str) -> Option<PathBuf> {
    let plain = (1..=MAX_KEY).contains(&key.len())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    plain.then(|| folder.join(format!("{key}.bin")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_lead_out_of_the_media_folder() {
        let folder = Path::new("/media");
        assert_eq!(
            file(folder, "class-07"),
            Some(PathBuf::from("/media/class-07.bin"))
        );
        for key in [
            "",
            "..",
            "../etc/passwd",
            "a/b",
            "/etc/passwd",
            "a\0",
            "A",
            "a.b",
            "a\\b",
            "ä",
            &"a".repeat(65),
        ] {
            assert_eq!(file(folder, key), None, "{key:?}");
        }
    }

    #[test]
    fn a_page_out_of_bounds_is_refused() {
        let numbered = |page, per_page| Numbered::try_from(RecordingQuery { page, per_page });
        assert_eq!(numbered(None, None).unwrap().offset(), 0);
        assert_eq!(numbered(Some(3), Some(10)).unwrap().offset(), 20);
        for (page, per_page) in [
            (Some(0), None),
            (Some(1_001), None),
            (None, Some(0)),
            (None, Some(101)),
        ] {
            assert!(numbered(page, per_page).is_err());
        }
    }
}
