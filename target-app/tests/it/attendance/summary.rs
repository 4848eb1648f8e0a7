//! The attendance of one student.

use shared::{
    api::attendance::AttendanceSummary,
    ids::UserId,
    paths::{self, with_id},
    problem::Code,
};

use super::marking::{held, hold_unpaid, mark};
use crate::support::{Answer, Client, Lesson, TestApp, student_id};

async fn summary(client: &Client, student: UserId) -> Answer {
    client
        .get(&with_id(paths::STUDENT_ATTENDANCE, student))
        .await
}

#[tokio::test]
async fn a_summary_is_of_all_lessons_and_for_a_mentor_of_those_with_this_mentor() {
    let app = TestApp::start().await;
    let student = student_id(1);
    let own: AttendanceSummary = summary(&app.student(1), student).await.ok();
    let with_mentor = async || summary(&app.mentor(0), student).await;
    let booking = held(&app, 1).await;
    let before: AttendanceSummary = with_mentor().await.ok();
    mark(&app.mentor(0), booking, "late").await;
    let after: AttendanceSummary = with_mentor().await.ok();
    assert_eq!(after.lessons, before.lessons);
    assert_eq!(
        (after.late, after.unmarked),
        (before.late + 1, before.unmarked - 1)
    );
    Lesson {
        student: 1,
        mentor: 1,
    }
    .create(&app.db)
    .await;
    assert_eq!(with_mentor().await.ok::<AttendanceSummary>(), after);
    let now: AttendanceSummary = summary(&app.student(1), student).await.ok();
    assert_eq!((now.lessons, now.late), (own.lessons + 2, own.late + 1));
    assert_eq!(
        now.lessons,
        now.present + now.late + now.absent + now.unmarked
    );
    let admin = app.admin();
    assert_eq!(
        summary(&admin, student).await.ok::<AttendanceSummary>(),
        now
    );
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_that_has_begun_while_its_place_is_held_unpaid_is_none_of_a_summary() {
    let app = TestApp::start().await;
    let student = student_id(1);
    let own = async || {
        summary(&app.student(1), student)
            .await
            .ok::<AttendanceSummary>()
    };
    let before = own().await;
    let booking = held(&app, 1).await;
    assert_eq!(own().await.lessons, before.lessons + 1);
    hold_unpaid(&app, booking).await;
    assert_eq!(own().await, before);
    app.finish().await;
}

#[tokio::test]
async fn to_others_and_to_a_mentor_without_a_lesson_the_student_does_not_exist() {
    let app = TestApp::start().await;
    let student = student_id(1);
    app.db
        .execute(&format!(
            "delete from attendance a using booking b
             where b.id = a.booking_id and b.student_id = '{student}';
             update booking set status = 'cancelled', cancelled_at = now()
             where student_id = '{student}'"
        ))
        .await;
    summary(&app.mentor(0), student)
        .await
        .refused(Code::NotFound);
    summary(&app.student(2), student)
        .await
        .refused(Code::NotFound);
    let parent = app.parent();
    summary(&parent, student).await.refused(Code::NotFound);
    let admin = app.admin();
    let none: AttendanceSummary = summary(&admin, student).await.ok();
    assert_eq!(none.lessons, 0);
    summary(&admin, parent.id).await.refused(Code::NotFound);
    app.finish().await;
}
