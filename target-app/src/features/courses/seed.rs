//! Seeded courses with lessons and quiz, the same at every scale; and the enrolments of some students.

use shared::dataset::{
    COURSE_LESSONS, COURSES, QUIZ_CHOICES, QUIZ_QUESTIONS, RowKind, SKILLS, id, quiz_answer,
};

use crate::seed::{Rows, SeedData, SeedTable, planned::DAY};

/// One in so many students is enrolled from the start, the last ones first.
const ENROLLED: u32 = 10;
/// Paragraphs of a lesson.
const PARAGRAPHS: usize = 12;
/// What an answer may be called.
const CHOICES: [&str; QUIZ_CHOICES as usize] = ["always", "never", "sometimes", "it depends"];

pub(super) fn tables() -> Vec<SeedTable> {
    vec![
        SeedTable {
            name: "course",
            columns: "id, title, description, lessons, questions",
            after: &[],
            items: |_| COURSES,
            write: course,
        },
        SeedTable {
            name: "lesson",
            columns: "id, course_id, number, title, content",
            after: &["course"],
            items: |_| COURSES * COURSE_LESSONS,
            write: lesson,
        },
        SeedTable {
            name: "quiz_question",
            columns: "course_id, number, prompt, choices, answer",
            after: &["course"],
            items: |_| COURSES * QUIZ_QUESTIONS,
            write: question,
        },
        SeedTable {
            name: "enrolment",
            columns: "id, course_id, student_id, lessons_completed, enrolled_at",
            after: &["app_user", "course"],
            items: |plan| plan.counts.students / ENROLLED,
            write: enrolment,
        },
        SeedTable {
            name: "lesson_completion",
            columns: "enrolment_id, lesson_id, completed_at",
            after: &["enrolment", "lesson"],
            items: |plan| plan.counts.students / ENROLLED,
            write: completions,
        },
    ]
}

fn subject(course: u32) -> &'static str {
    SKILLS[course as usize % SKILLS.len()]
}

fn course(_: &SeedData, n: u32, rows: &mut Rows) {
    let (subject, part) = (subject(n), n as usize / SKILLS.len() + 1);
    rows.uuid(id(RowKind::Course, n))
        .text(&format!("{subject}, part {part}"))
        .text(&format!("{COURSE_LESSONS} lessons about {subject}."))
        .int(COURSE_LESSONS)
        .int(QUIZ_QUESTIONS)
        .end();
}

fn lesson(_: &SeedData, n: u32, rows: &mut Rows) {
    let (course, number) = (n / COURSE_LESSONS, n % COURSE_LESSONS + 1);
    let subject = subject(course);
    let paragraph = format!(
        "Lesson {number} is about {subject}. Read it twice, write an example of your own, and \
         compare it with the one that follows.\n"
    );
    rows.uuid(id(RowKind::Lesson, n))
        .uuid(id(RowKind::Course, course))
        .int(number)
        .text(&format!("{subject}, lesson {number}"))
        .text(&paragraph.repeat(PARAGRAPHS))
        .end();
}

fn question(_: &SeedData, n: u32, rows: &mut Rows) {
    let (course, number) = (n / QUIZ_QUESTIONS, n % QUIZ_QUESTIONS + 1);
    rows.uuid(id(RowKind::Course, course))
        .int(number)
        .text(&format!("How often is statement {number} true?"))
        .words(&CHOICES)
        .int(quiz_answer(course, number))
        .end();
}

/// Number of lessons that seeded enrolment `n` has completed: never all of them.
const fn completed(n: u32) -> u32 {
    n % COURSE_LESSONS
}

fn enrolment(data: &SeedData, n: u32, rows: &mut Rows) {
    let student = data.plan.counts.students - 1 - n;
    rows.uuid(id(RowKind::Enrolment, n))
        .uuid(id(RowKind::Course, n % COURSES))
        .uuid(id(RowKind::Student, student))
        .int(completed(n))
        .time(-30 * DAY)
        .end();
}

fn completions(_: &SeedData, n: u32, rows: &mut Rows) {
    for number in 0..completed(n) {
        rows.uuid(id(RowKind::Enrolment, n))
            .uuid(id(RowKind::Lesson, n % COURSES * COURSE_LESSONS + number))
            .time(-DAY * i64::from(20 - number))
            .end();
    }
}
