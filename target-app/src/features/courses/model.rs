//! Types of courses: enrolments as they are stored, uploads, and why a change is refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use shared::{
    api::courses::{EnrolmentView, MAX_SUBMISSIONS, passes},
    problem::Code,
};
use uuid::Uuid;

use super::media_type::MediaType;
use crate::{
    db::{DbError, LostRace, Retryable},
    error::ApiError,
};

/// An enrolment, locked until its transaction ends.
#[derive(Debug, Clone)]
pub(super) struct Enrolment {
    /// Its own id.
    pub(super) id: Uuid,
    /// As its student sees it.
    pub(super) view: EnrolmentView,
}

/// A file that was received whole and checked.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub(super) media_type: MediaType,
    pub(super) bytes: Bytes,
    pub(super) sha256: [u8; 32],
}

impl Upload {
    /// Checks the bytes against the declared type and, where the request states one, the digest.
    pub(super) fn check(
        bytes: Bytes,
        content_type: Option<&str>,
        content_digest: Option<&str>,
    ) -> Result<Self, ApiError> {
        let accepted = MediaType::ALL.map(MediaType::as_str).join(", ");
        let media_type = content_type
            .and_then(MediaType::declared)
            .ok_or_else(|| ApiError::new(Code::UnsupportedFile, format!("send {accepted}")))?;
        if bytes.is_empty() {
            return Err(ApiError::invalid("body", "a file has at least one byte"));
        }
        if !media_type.is_of(&bytes) {
            return Err(ApiError::new(
                Code::UnsupportedFile,
                format!("the bytes are not {}", media_type.as_str()),
            ));
        }
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        if let Some(stated) = content_digest
            && stated_digest(stated)? != sha256
        {
            return Err(ApiError::new(
                Code::DigestMismatch,
                "the SHA-256 of the received bytes is another one",
            ));
        }
        Ok(Self {
            media_type,
            bytes,
            sha256,
        })
    }
}

/// The digest of a `Content-Digest` header (RFC 9530): `sha-256=:BASE64:`.
fn stated_digest(header: &str) -> Result<[u8; 32], ApiError> {
    header
        .trim()
        .strip_prefix("sha-256=:")
        .and_then(|rest| rest.strip_suffix(':'))
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| ApiError::invalid("content-digest", "write `sha-256=:BASE64:`"))
}

/// Why a change was not made.
#[derive(Debug)]
pub(super) enum CourseFailure {
    /// Something that the student can act on.
    Refused(ApiError),
    /// The database failed.
    Db(DbError),
}

impl CourseFailure {
    /// The student is not enrolled.
    pub(super) fn not_enrolled() -> Self {
        Self::Refused(not_enrolled())
    }

    /// The course allows no more of them.
    pub(super) fn used(what: &str, most: i16) -> Self {
        Self::Refused(ApiError::new(
            Code::AttemptsUsed,
            format!("a course allows {most} {what}"),
        ))
    }
}

/// The refusal of what only enrolled students may do.
pub(super) fn not_enrolled() -> ApiError {
    ApiError::new(Code::NotEnrolled, "enrol in the course first")
}

impl From<DbError> for CourseFailure {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<CourseFailure> for ApiError {
    fn from(failure: CourseFailure) -> Self {
        match failure {
            CourseFailure::Refused(error) => error,
            CourseFailure::Db(error) => error.into(),
        }
    }
}

impl Retryable for CourseFailure {
    fn lost_race(&self) -> Option<LostRace> {
        match self {
            Self::Db(error) => error.lost_race(),
            Self::Refused(_) => None,
        }
    }
}

/// The number of the next submission, or the refusal where the course allows no more.
pub(super) fn next_submission(enrolment: &EnrolmentView) -> Result<i16, CourseFailure> {
    let before = i16::try_from(enrolment.submissions).unwrap_or(i16::MAX);
    if before >= MAX_SUBMISSIONS {
        return Err(CourseFailure::used("submissions", MAX_SUBMISSIONS));
    }
    Ok(before + 1)
}

/// What is missing for completion, for people; `None` if nothing is.
pub(super) fn missing(enrolment: &EnrolmentView) -> Option<String> {
    let mut missing = Vec::new();
    if enrolment.lessons_completed < enrolment.lessons {
        missing.push(format!(
            "{} of {} lessons",
            enrolment.lessons - enrolment.lessons_completed,
            enrolment.lessons
        ));
    }
    if !enrolment
        .quiz_best
        .is_some_and(|best| passes(best, enrolment.questions))
    {
        missing.push("a passed quiz".to_owned());
    }
    if enrolment.submissions == 0 {
        missing.push("a submission".to_owned());
    }
    (!missing.is_empty()).then(|| format!("missing: {}", missing.join(", ")))
}

/// Number of right answers.
pub(super) fn score(right: &[i16], answers: &[i16]) -> i32 {
    let hits = right.iter().zip(answers).filter(|(a, b)| a == b).count();
    i32::try_from(hits).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use shared::ids::{CourseId, UserId};

    use super::*;

    #[test]
    fn an_upload_must_be_of_its_declared_type_and_digest() {
        let text = || Bytes::from_static(b"hello");
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(b"hello")));
        Upload::check(text(), Some("text/plain"), Some(&digest)).unwrap();
        Upload::check(text(), Some("text/plain"), None).unwrap();
        let refused = |bytes: Bytes, kind: Option<&str>, digest: Option<&str>| {
            Upload::check(bytes, kind, digest).unwrap_err().code()
        };
        assert_eq!(refused(text(), None, None), Code::UnsupportedFile);
        assert_eq!(
            refused(text(), Some("image/png"), None),
            Code::UnsupportedFile
        );
        assert_eq!(
            refused(
                Bytes::from_static(b"hallo"),
                Some("text/plain"),
                Some(&digest)
            ),
            Code::DigestMismatch
        );
        for digest in ["", "md5=:x:", "sha-256=:x:", "sha-256=abc"] {
            let code = refused(text(), Some("text/plain"), Some(digest));
            assert_eq!(code, Code::InvalidRequest, "{digest}");
        }
        let empty = refused(Bytes::new(), Some("text/plain"), None);
        assert_eq!(empty, Code::InvalidRequest);
    }

    #[test]
    fn what_is_missing_is_listed_and_nothing_is_missing_of_a_complete_course() {
        let mut view = EnrolmentView {
            course_id: CourseId(Uuid::nil()),
            title: "Rust".to_owned(),
            student_id: UserId(Uuid::nil()),
            lessons_completed: 3,
            lessons: 5,
            quiz_best: Some(3),
            questions: 5,
            submissions: 0,
            enrolled_at: chrono::DateTime::UNIX_EPOCH,
            completed_at: None,
        };
        assert_eq!(
            missing(&view).unwrap(),
            "missing: 2 of 5 lessons, a passed quiz, a submission"
        );
        (view.lessons_completed, view.quiz_best, view.submissions) = (5, Some(4), 1);
        assert_eq!(missing(&view), None);
    }

    #[test]
    fn the_score_counts_right_answers_only() {
        assert_eq!(score(&[0, 1, 2], &[0, 1, 3]), 2);
        assert_eq!(score(&[0, 1, 2], &[2, 0, 1]), 0);
    }
}
