//! Students as the staff sees them: a mentor those who booked a lesson, an administrator all.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// Longest text that a name is searched for, in characters.
pub const MAX_NAME_QUERY: usize = 100;

/// A student in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StudentCard {
    /// Which student.
    pub id: UserId,
    /// Their shown name.
    pub display_name: String,
    /// Their school grade, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<i16>,
}

/// A student and their lessons: all, or where a mentor asks, those with this mentor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StudentDetail {
    /// Who it is.
    #[serde(flatten)]
    pub card: StudentCard,
    /// Lessons that have begun, those aside whose place is held and not paid.
    pub lessons_held: i64,
    /// Lessons to come.
    pub lessons_upcoming: i64,
    /// Begin of the last lesson, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_lesson_at: Option<DateTime<Utc>>,
    /// Begin of the next lesson, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_lesson_at: Option<DateTime<Utc>>,
}

/// Query of the students, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct StudentQuery {
    /// Only names that contain this, whatever the case; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(max_length = 100))]
    pub q: Option<String>,
    /// Only of this school grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 0, maximum = 20))]
    pub grade: Option<i16>,
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
}
