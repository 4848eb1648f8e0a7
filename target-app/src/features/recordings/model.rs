//! Types of recordings: as they are stored, signed links, files.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use shared::{
    api::recordings::RecordingView,
    ids::{BookingId, RecordingId},
};

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

/// Query of a signed link: its expiry, and the signature over path and expiry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedQuery {
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
}
