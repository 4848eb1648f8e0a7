//! Attendance: a mentor looks at lessons that took place, marks who came, and looks at the attendance of
//! one of the students.

use std::collections::BTreeMap;

use http::Method;
use rand::RngExt as _;
use shared::{
    api::{
        attendance::{
            AttendanceList, AttendanceStatus, AttendanceSummary, AttendanceView, BookingMark,
            MarkAllRequest, MarkRequest,
        },
        bookings::BookingView,
    },
    dataset::{self, RowKind},
    ids::{BookingId, UserId},
    page::Page,
    paths,
};

use crate::flows::{
    AppFlow, AppIteration, DrawnPlace, FeatureFlows, MentorAccount, Op, until_failure,
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Lessons that a mentor looks at.
const LESSONS: usize = 50;
/// Most participants that are marked at once.
const AT_ONCE: usize = 10;
/// Share of the mentors who mark several participants at once.
const BULK: f64 = 0.5;
/// Share of the participants who come in time, and of those who come at all.
const PRESENT: f64 = 0.85;
const COMES: f64 = 0.95;

static LIST: Op = Op::get("attendance.lessons");
static MARK: Op = Op::put("attendance.mark");
static MARK_ALL: Op = Op::put("attendance.mark_all");
static SUMMARY: Op = Op::get("attendance.summary");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&LIST, &MARK, &MARK_ALL, &SUMMARY],
    headline: &[&MARK, &MARK_ALL],
    flows: &[AppFlow {
        name: "attendance.mark",
        help: "a mentor marks who came to one lesson or to several, and looks at a student's attendance",
        operations: &[&LIST, &MARK, &MARK_ALL, &SUMMARY],
        needs_sessions: true,
        at_once: 1,
        run: |it| until_failure(mark(it)),
    }],
    needs_staff: true,
    ..FeatureFlows::new("attendance", "Attendance")
};

async fn mark(mut it: AppIteration<'_>) -> Option<()> {
    let bulk = it.rng.random_bool(BULK);
    let first = DrawnPlace::draw(it.rng);
    let draws: Vec<f64> = (0..AT_ONCE).map(|_| it.rng.random()).collect();
    let account = it.world.any_mentor(it.rng)?;
    let request = Request::get(format!(
        "{}?status=completed&per_page={LESSONS}",
        paths::BOOKINGS
    ))
    .bearer(&account.token.get());
    let listed = it.call(&LIST, request, |reply| check_lessons(reply, account));
    let lessons = listed.await?;
    let begin = first.index(lessons.len());
    let marks: Vec<BookingMark> = lessons[begin..]
        .iter()
        .zip(draws)
        .map(|(lesson, draw)| BookingMark {
            booking_id: lesson.id,
            status: drawn(draw),
        })
        .collect();
    let (one, lesson) = marks.first().copied().zip(lessons.get(begin))?;
    let done = if bulk {
        let body = MarkAllRequest {
            marks: marks.clone(),
        };
        let request =
            Request::json(Method::PUT, paths::ATTENDANCE, &body).bearer(&account.token.get());
        it.call(&MARK_ALL, request, |reply| check_marks(reply, &marks))
            .await
    } else {
        let path = paths::with_id(paths::ATTENDANCE_BOOKING, one.booking_id);
        let body = MarkRequest { status: one.status };
        let request = Request::json(Method::PUT, path, &body).bearer(&account.token.get());
        it.call(&MARK, request, |reply| check_mark(reply, one))
            .await
    };
    if done.is_some() {
        let student = lesson.student_id;
        let path = paths::with_id(paths::STUDENT_ATTENDANCE, student);
        let request = Request::get(path).bearer(&account.token.get());
        it.call(&SUMMARY, request, |reply| check_summary(reply, student))
            .await;
    }
    Some(())
}

/// Whether a participant came.
fn drawn(share: f64) -> AttendanceStatus {
    if share < PRESENT {
        AttendanceStatus::Present
    } else if share < COMES {
        AttendanceStatus::Late
    } else {
        AttendanceStatus::Absent
    }
}

/// The mentor's lessons that took place.
fn check_lessons(reply: &Reply, account: &MentorAccount) -> Result<Vec<BookingView>, Mismatch> {
    let page: Page<BookingView> = check::json(reply, 200)?;
    let mentor = dataset::id(RowKind::Mentor, account.mentor);
    if page.items.iter().any(|lesson| lesson.mentor_id.0 != mentor) {
        return Err(Mismatch::new("a lesson is another mentor's"));
    }
    Ok(page.items)
}

fn check_mark(reply: &Reply, asked: BookingMark) -> Result<(), Mismatch> {
    let mark: AttendanceView = check::json(reply, 200)?;
    compare([mark], &[asked])
}

fn check_marks(reply: &Reply, asked: &[BookingMark]) -> Result<(), Mismatch> {
    let list: AttendanceList = check::json(reply, 200)?;
    compare(list.items, asked)
}

/// Every mark that was asked for, and no other.
fn compare(
    shown: impl IntoIterator<Item = AttendanceView>,
    asked: &[BookingMark],
) -> Result<(), Mismatch> {
    let shown: BTreeMap<BookingId, AttendanceStatus> = shown
        .into_iter()
        .map(|mark| (mark.booking_id, mark.status))
        .collect();
    let asked = asked.iter().map(|mark| (mark.booking_id, mark.status));
    if shown == asked.collect() {
        Ok(())
    } else {
        Err(Mismatch::new("the marks are not those that were sent"))
    }
}

fn check_summary(reply: &Reply, student: UserId) -> Result<(), Mismatch> {
    let summary: AttendanceSummary = check::json(reply, 200)?;
    let marked = summary.present + summary.late + summary.absent;
    if summary.student_id != student {
        return Err(Mismatch::new("the summary is of another student"));
    }
    // The participant was marked just now.
    if marked < 1 || summary.unmarked < 0 || summary.lessons != marked + summary.unmarked {
        return Err(Mismatch::new("the summary does not add up"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde::Serialize;
    use uuid::Uuid;

    use super::*;
    use crate::features::scripted;

    fn reply(body: &impl Serialize) -> Reply {
        scripted::reply(200, body)
    }

    fn asked(n: u128) -> BookingMark {
        BookingMark {
            booking_id: BookingId(Uuid::from_u128(n)),
            status: AttendanceStatus::Late,
        }
    }

    fn shown(n: u128, status: AttendanceStatus) -> AttendanceView {
        AttendanceView {
            booking_id: BookingId(Uuid::from_u128(n)),
            student_id: UserId(Uuid::nil()),
            status,
            marked_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn marks_are_those_that_were_sent_and_no_others() {
        let late = AttendanceStatus::Late;
        let list = |items| reply(&AttendanceList { items });
        let both = [asked(1), asked(2)];
        assert!(check_marks(&list(vec![shown(2, late), shown(1, late)]), &both).is_ok());
        assert!(check_marks(&list(vec![shown(1, late)]), &both).is_err());
        let other = shown(2, AttendanceStatus::Absent);
        assert!(check_marks(&list(vec![shown(1, late), other]), &both).is_err());
        assert!(check_mark(&reply(&shown(1, late)), asked(1)).is_ok());
        assert!(check_mark(&reply(&shown(2, late)), asked(1)).is_err());
    }

    #[test]
    fn a_summary_adds_up_and_has_the_mark_that_was_just_made() {
        let student = UserId(Uuid::from_u128(4));
        let summary = |lessons, present| AttendanceSummary {
            student_id: student,
            lessons,
            present,
            late: 0,
            absent: 0,
            unmarked: 2,
        };
        assert!(check_summary(&reply(&summary(3, 1)), student).is_ok());
        assert!(check_summary(&reply(&summary(2, 0)), student).is_err());
        assert!(check_summary(&reply(&summary(4, 1)), student).is_err());
        assert!(check_summary(&reply(&summary(3, 1)), UserId(Uuid::nil())).is_err());
    }

    #[test]
    fn most_participants_come_in_time() {
        assert_eq!(drawn(0.0), AttendanceStatus::Present);
        assert_eq!(drawn(0.9), AttendanceStatus::Late);
        assert_eq!(drawn(0.99), AttendanceStatus::Absent);
    }
}
