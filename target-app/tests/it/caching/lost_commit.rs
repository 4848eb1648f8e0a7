//! A change whose commit was not answered may have been carried out: what it touches is
//! invalidated all the same, and a refusal invalidates nothing.

use chrono::TimeDelta;
use serde_json::json;
use shared::{api::bookings::BookingView, ids::MentorId, paths, timing::ServerCount};

use crate::support::{Answer, Client, Lesson, NewSlot, TestApp};

/// What a trigger raises when it is checked at the commit, and the status that it is answered with.
const FAILED_COMMITS: [(&str, u16); 3] = [
    ("P0001", 500),
    // The server shuts down: the answer to the commit may be lost.
    ("57P01", 503),
    ("57014", 504),
];

/// Makes every commit fail that has an event of a table.
async fn fail_commits(app: &TestApp, event: &str, table: &str, sqlstate: &str) {
    app.db
        .execute(&format!(
            "create or replace function refuse() returns trigger language plpgsql as
             $$ begin raise 'no commit' using errcode = '{sqlstate}'; end $$;
             create constraint trigger at_commit after {event} on {table}
             deferrable initially deferred for each row execute function refuse()"
        ))
        .await;
}

/// Whether a list comes from its cache.
async fn is_cached(client: &Client, list: &str) -> bool {
    let answer = client.get(list).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.timing().counts[ServerCount::Hits] == 1
}

/// Sends a change whose commit fails in each way, and looks whether the list was invalidated.
async fn invalidates(
    app: &TestApp,
    (reader, list): (&Client, &str),
    (event, table): (&str, &str),
    change: impl AsyncFn() -> Answer,
) {
    for (sqlstate, status) in FAILED_COMMITS {
        fail_commits(app, event, table, sqlstate).await;
        is_cached(reader, list).await;
        assert!(is_cached(reader, list).await, "{table}");
        let answer = change().await;
        assert_eq!(answer.status, status, "{table}: {}", answer.text());
        assert!(!is_cached(reader, list).await, "{table} {sqlstate}");
        app.db
            .execute(&format!("drop trigger at_commit on {table}"))
            .await;
    }
    app.lab().audits_clean().await;
}

#[tokio::test]
async fn what_mentors_change_is_invalidated_though_its_commit_was_not_answered() {
    let app = TestApp::with(&["cache.mentors=memory", "cache.users=off"])
        .start()
        .await;
    let (mentor, anyone) = (app.mentor(0), app.anonymous());
    let list: (&Client, &str) = (&anyone, paths::MENTORS);
    let on_mentor = ("update", "mentor");
    invalidates(&app, list, on_mentor, async || {
        mentor.update_own(json!({"headline": "Rust"})).await
    })
    .await;
    invalidates(&app, list, on_mentor, async || {
        mentor.set_active(true).await
    })
    .await;
    app.finish().await;
}

#[tokio::test]
async fn a_review_is_invalidated_though_its_commit_was_not_answered() {
    let app = TestApp::with(&["cache.mentors=memory", "cache.users=off"])
        .start()
        .await;
    let lesson = Lesson {
        student: 1,
        mentor: 0,
    };
    lesson.create(&app.db).await;
    let (student, anyone) = (app.student(1), app.anonymous());
    let list: (&Client, &str) = (&anyone, paths::MENTORS);
    let id: MentorId = lesson.mentor_id();
    invalidates(&app, list, ("insert", "review"), async || {
        student.review(id, 5, "clear").await
    })
    .await;
    // A refusal is known to have changed nothing.
    assert!(is_cached(&anyone, paths::MENTORS).await);
    assert_eq!(student.review(id, 6, "clear").await.status, 422);
    assert_eq!(app.student(2).review(id, 5, "clear").await.status, 403);
    assert!(is_cached(&anyone, paths::MENTORS).await);
    app.finish().await;
}

#[tokio::test]
async fn bookings_are_invalidated_though_the_commit_was_not_answered() {
    let app = TestApp::with(&["cache.bookings=memory", "cache.users=off"])
        .start()
        .await;
    let (student, mentor) = (app.student(1), app.mentor(0));
    let list: (&Client, &str) = (&student, paths::BOOKINGS);
    let (slot, other) = (NewSlot::single(), NewSlot::single());
    let (slot_id, other_id) = (slot.create(&app.db).await, other.create(&app.db).await);
    invalidates(&app, list, ("insert", "booking"), async || {
        student.book(slot_id).await
    })
    .await;
    let booking: BookingView = student.book(other_id).await.created();
    let on_booking = ("update", "booking");
    invalidates(&app, list, on_booking, async || {
        student.cancel(booking.id).await
    })
    .await;
    let later = other.starts_at() + TimeDelta::minutes(30);
    invalidates(&app, list, on_booking, async || {
        mentor.move_event(other_id, later).await
    })
    .await;
    assert!(is_cached(&student, paths::BOOKINGS).await);
    assert_eq!(student.book(other_id).await.status, 409);
    assert_eq!(app.student(2).cancel(booking.id).await.status, 404);
    assert!(is_cached(&student, paths::BOOKINGS).await);
    app.finish().await;
}

#[tokio::test]
async fn enrolments_are_invalidated_though_the_commit_was_not_answered() {
    let app = TestApp::with(&["cache.courses=memory", "cache.users=off"])
        .start()
        .await;
    let student = app.student(100);
    let course = crate::courses::step::course(0);
    let path = paths::with_id(paths::COURSE_ENROLMENT, course);
    let list: (&Client, &str) = (&student, paths::COURSES_MINE);
    invalidates(&app, list, ("insert", "enrolment"), async || {
        student.post_empty(&path).await
    })
    .await;
    app.finish().await;
}
