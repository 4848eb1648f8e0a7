//! Courses: catalogue, enrolment, lessons, quiz, submissions, completion.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{CourseId, LessonId, SubmissionId, UserId};

/// Attempts that a student has at the quiz of a course.
pub const MAX_QUIZ_ATTEMPTS: i16 = 10;
/// Files that a student may submit for a course.
pub const MAX_SUBMISSIONS: i16 = 10;

/// Whether a score passes a quiz of that many questions: 70 % of them are right.
pub const fn passes(score: i32, questions: i32) -> bool {
    score * 10 >= questions * 7
}

/// Query of a list of courses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct CourseQuery {
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
}

/// A course in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CourseView {
    /// Which course.
    pub id: CourseId,
    /// Shown title.
    pub title: String,
    /// How many lessons it has.
    pub lessons: i32,
    /// How many questions its quiz has.
    pub questions: i32,
}

/// A course with the headings of its lessons and the questions of its quiz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CourseDetail {
    /// As the catalogue shows it.
    pub course: CourseView,
    /// What it is about.
    pub description: String,
    /// Its lessons, in their order.
    pub lessons: Vec<LessonHeading>,
    /// The questions of its quiz, in their order; their answers stay on the server.
    pub quiz: Vec<QuizQuestion>,
}

/// A lesson in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LessonHeading {
    /// Which lesson.
    pub id: LessonId,
    /// Its place in the course, from 1.
    pub number: i32,
    /// Shown title.
    pub title: String,
}

/// A question of a quiz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuizQuestion {
    /// Its place in the quiz, from 1.
    pub number: i32,
    /// The question.
    pub prompt: String,
    /// What can be answered; an answer is a place in this list, from 0.
    pub choices: Vec<String>,
}

/// A lesson with its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LessonView {
    /// Which lesson.
    pub id: LessonId,
    /// Of which course.
    pub course_id: CourseId,
    /// Its place in the course, from 1.
    pub number: i32,
    /// Shown title.
    pub title: String,
    /// The text.
    pub content: String,
}

/// A student in a course, and how far they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolmentView {
    /// In which course.
    pub course_id: CourseId,
    /// Its title.
    pub title: String,
    /// The enrolled student.
    pub student_id: UserId,
    /// Lessons completed; never decreases.
    pub lessons_completed: i32,
    /// Lessons that the course has.
    pub lessons: i32,
    /// Best score of the quiz attempts; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiz_best: Option<i32>,
    /// Questions that the quiz has.
    pub questions: i32,
    /// Files submitted.
    pub submissions: i32,
    /// Since when.
    pub enrolled_at: DateTime<Utc>,
    /// When the course was completed; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
}

/// Largest place of a choice that an answer may name.
pub const MAX_CHOICE: i16 = 99;

/// The bounds of answers, each and all; the macro of schemas has none for the items of a list.
#[cfg(feature = "openapi")]
fn answers_schema() -> utoipa::openapi::schema::Array {
    use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
    let answer = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(i64::from(MAX_CHOICE)));
    ArrayBuilder::new()
        .items(answer)
        .min_items(Some(1))
        .max_items(Some(100))
        .build()
}

/// Body of a quiz attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuizRequest {
    /// One answer for each question, in their order: a place in the question's choices, from 0.
    #[cfg_attr(feature = "openapi", schema(schema_with = answers_schema))]
    pub answers: Vec<i16>,
}

/// A scored quiz attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuizResult {
    /// Number of the attempt, from 1.
    pub attempt: i16,
    /// How many answers were right.
    pub score: i32,
    /// How many questions there were.
    pub questions: i32,
    /// Whether that passes.
    pub passed: bool,
    /// Attempts that are left.
    pub attempts_left: i16,
}

/// A submitted file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmissionView {
    /// Which submission.
    pub id: SubmissionId,
    /// For which course.
    pub course_id: CourseId,
    /// Its number among those of the student for this course, from 1.
    pub number: i16,
    /// Size of the file in bytes.
    pub size_bytes: i32,
    /// Type of the file, as declared and as found in its first bytes.
    pub media_type: String,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// When it was stored.
    pub submitted_at: DateTime<Utc>,
}

/// All of a student's submissions for a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmissionList {
    /// In the order of their numbers.
    pub items: Vec<SubmissionView>,
}
