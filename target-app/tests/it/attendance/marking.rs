//! Who marks whom, and when.

use serde_json::{Value, json};
use shared::{
    api::{
        attendance::{AttendanceList, AttendanceStatus, AttendanceView, MAX_MARKS},
        bookings::BookingView,
    },
    ids::BookingId,
    paths::{self, with_id},
    problem::Code,
};

use crate::support::{Answer, Client, Lesson, NewSlot, TestApp, student_id};

pub(super) async fn mark(client: &Client, booking: BookingId, status: &str) -> Answer {
    let path = with_id(paths::ATTENDANCE_BOOKING, booking);
    client.put(&path, &json!({"status": status})).await
}

pub(super) async fn mark_all(client: &Client, marks: &[(BookingId, &str)]) -> Answer {
    let mark =
        |(booking, status): &(BookingId, &str)| json!({"booking_id": booking, "status": status});
    let marks: Vec<Value> = marks.iter().map(mark).collect();
    client
        .put(paths::ATTENDANCE, &json!({ "marks": marks }))
        .await
}

/// A lesson of student `n` with mentor 0 that took place.
pub(super) async fn held(app: &TestApp, n: u32) -> BookingId {
    let lesson = Lesson {
        student: n,
        mentor: 0,
    };
    lesson.create(&app.db).await
}

/// Makes a lesson one whose place is held and not paid yet.
pub(super) async fn hold_unpaid(app: &TestApp, booking: BookingId) {
    app.db
        .execute(&format!(
            "update booking set status = 'confirmed', payment_required = true where id = '{booking}';
             insert into booking_hold (booking_id, expires_at) values ('{booking}', now() + interval '1 hour')"
        ))
        .await;
}

async fn marks(app: &TestApp) -> i64 {
    app.db.count("select count(*) from attendance").await
}

#[tokio::test]
async fn the_mentor_of_the_lesson_or_an_administrator_marks_and_marks_anew() {
    let app = TestApp::start().await;
    let booking = held(&app, 1).await;
    let mentor = app.mentor(0);
    let first: AttendanceView = mark(&mentor, booking, "absent").await.ok();
    assert_eq!(
        (first.booking_id, first.student_id),
        (booking, student_id(1))
    );
    assert_eq!(first.status, AttendanceStatus::Absent);
    let again: AttendanceView = mark(&mentor, booking, "absent").await.ok();
    assert_eq!(again, first, "the same mark again changes nothing");
    let corrected: AttendanceView = mark(&app.admin(), booking, "late").await.ok();
    assert_eq!(corrected.status, AttendanceStatus::Late);
    assert!(corrected.marked_at > first.marked_at);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn others_do_not_mark_and_only_participants_are_marked_after_the_begin() {
    let app = TestApp::start().await;
    let booking = held(&app, 1).await;
    let before = marks(&app).await;
    mark(&app.mentor(1), booking, "late")
        .await
        .refused(Code::NotFound);
    for person in [app.student(1), app.student(2)] {
        mark(&person, booking, "present")
            .await
            .refused(Code::Forbidden);
    }
    let slot = NewSlot::group(2).create(&app.db).await;
    let to_come: BookingView = app.student(1).book(slot).await.created();
    let mentor = app.mentor(0);
    mark(&mentor, to_come.id, "present")
        .await
        .refused(Code::LessonNotBegun);
    app.student(1).cancel(to_come.id).await.ok::<BookingView>();
    mark(&mentor, to_come.id, "present")
        .await
        .refused(Code::BookingNotActive);
    mark(&mentor, BookingId(uuid::Uuid::now_v7()), "present")
        .await
        .refused(Code::NotFound);
    mark(&mentor, booking, "asleep")
        .await
        .refused(Code::InvalidRequest);
    assert_eq!(marks(&app).await, before);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn an_unpaid_place_is_none_that_is_marked() {
    let app = TestApp::start().await;
    let booking = held(&app, 1).await;
    hold_unpaid(&app, booking).await;
    mark(&app.mentor(0), booking, "present")
        .await
        .refused(Code::BookingNotActive);
    app.finish().await;
}

#[tokio::test]
async fn several_are_marked_at_once_or_none() {
    let app = TestApp::start().await;
    let mentor = app.mentor(0);
    let (one, two) = (held(&app, 1).await, held(&app, 2).await);
    let other = Lesson {
        student: 1,
        mentor: 1,
    };
    let other = other.create(&app.db).await;
    let before = marks(&app).await;
    let mixed = mark_all(&mentor, &[(one, "present"), (other, "present")]).await;
    assert!(
        mixed
            .refused(Code::NotFound)
            .detail
            .contains(&other.to_string())
    );
    assert_eq!(marks(&app).await, before);
    let right = [(two, "late"), (one, "present")];
    let list: AttendanceList = mark_all(&mentor, &right).await.ok();
    assert_eq!(list.items.len(), 2);
    assert!(list.items.is_sorted_by_key(|item| item.booking_id));
    let again: AttendanceList = mark_all(&mentor, &right).await.ok();
    assert_eq!(again, list);
    assert_eq!(marks(&app).await, before + 2);
    mark_all(&mentor, &[(one, "late"), (one, "present")])
        .await
        .refused(Code::InvalidRequest);
    mark_all(&mentor, &[]).await.refused(Code::InvalidRequest);
    let many = vec![(one, "late"); MAX_MARKS + 1];
    mark_all(&mentor, &many).await.refused(Code::InvalidRequest);
    app.lab().audits_clean().await;
    app.finish().await;
}
