//! A student's enrolment and a lesson, for tests.

use chrono::DateTime;
use shared::{
    api::courses::{EnrolmentView, LessonView},
    dataset::{COURSE_LESSONS, QUIZ_QUESTIONS},
    ids::{CourseId, LessonId},
};

use super::steps::course;
use crate::features::scripted;

/// The enrolment of the scripted student in course 0, who has completed so many lessons and nothing else.
pub(super) fn enrolment(lessons_completed: i32) -> EnrolmentView {
    EnrolmentView {
        course_id: course(0),
        title: "Rust".to_owned(),
        student_id: scripted::student(),
        lessons_completed,
        lessons: COURSE_LESSONS as i32,
        quiz_best: None,
        questions: QUIZ_QUESTIONS as i32,
        submissions: 0,
        enrolled_at: DateTime::UNIX_EPOCH,
        completed_at: None,
    }
}

/// That lesson of that course.
pub(super) fn lesson(id: LessonId, course_id: CourseId) -> LessonView {
    LessonView {
        id,
        course_id,
        number: 1,
        title: "t".to_owned(),
        content: "c".to_owned(),
    }
}
