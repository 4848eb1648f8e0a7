//! One's own bookings: filters, order, pages.

use chrono::{SecondsFormat, TimeDelta};
use shared::{
    api::bookings::{BookingStatus, BookingView},
    dataset::{RowKind, id},
    ids::MentorId,
    page::Page,
    paths,
};

use crate::support::{NewSlot, Person, TestApp};

async fn list(person: &Person, query: &str) -> Page<BookingView> {
    person.bookings(query).await.ok()
}

#[tokio::test]
async fn a_student_sees_their_own_newest_lesson_first() {
    for checkout in ["per_query", "per_request"] {
        let app = TestApp::with(&[&format!("pool.checkout={checkout}")])
            .start()
            .await;
        for n in [0, 17, 599] {
            let student = app.student(n);
            let all: Vec<BookingView> = student.all_pages(paths::BOOKINGS, 2).await;
            let made = app
                .db
                .count(&format!(
                    "select count(*) from booking where student_id = '{}'",
                    student.id
                ))
                .await;
            assert_eq!(all.len() as i64, made);
            assert!(all.len() >= 3, "every seeded student has a few");
            assert!(all.iter().all(|one| one.student_id == student.id));
            let newest_first =
                |a: &BookingView, b: &BookingView| (a.scheduled_at, a.id) > (b.scheduled_at, b.id);
            assert!(all.is_sorted_by(newest_first));
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_mentor_sees_the_lessons_they_give() {
    let app = TestApp::start().await;
    let mentor = app.mentor(2);
    let all: Vec<BookingView> = mentor.all_pages(paths::BOOKINGS, 25).await;
    let own = MentorId(id(RowKind::Mentor, 2));
    let given = app
        .db
        .count(&format!(
            "select count(*) from booking where mentor_id = '{own}'"
        ))
        .await;
    assert_eq!(all.len() as i64, given);
    assert!(!all.is_empty() && all.iter().all(|one| one.mentor_id == own));
    app.finish().await;
}

#[tokio::test]
async fn each_status_is_found_and_together_they_are_all() {
    let app = TestApp::start().await;
    let student = app.student(11);
    let mine = student.book(NewSlot::single().create(&app.db).await).await;
    assert_eq!(mine.status, 201);
    let mut found = 0;
    for (word, status) in [
        ("confirmed", BookingStatus::Confirmed),
        ("cancelled", BookingStatus::Cancelled),
        ("completed", BookingStatus::Completed),
    ] {
        let page = list(&student, &format!("status={word}&per_page=100")).await;
        assert!(page.items.iter().all(|one| one.status == status), "{word}");
        found += page.items.len();
    }
    assert_eq!(found, list(&student, "per_page=100").await.items.len());
    app.finish().await;
}

#[tokio::test]
async fn a_span_includes_its_begin_and_not_its_end() {
    let app = TestApp::start().await;
    let student = app.student(12);
    let slot = NewSlot::single();
    let id = slot.create(&app.db).await;
    let booking: BookingView = student.book(id).await.created();
    let text = |minutes| {
        let at = booking.scheduled_at + TimeDelta::minutes(minutes);
        at.to_rfc3339_opts(SecondsFormat::Micros, true)
    };
    for (from, to, wanted) in [(0, 1, 1), (-1, 0, 0), (1, 60, 0), (-60, 60, 1)] {
        let query = format!("from={}&to={}", text(from), text(to));
        assert_eq!(list(&student, &query).await.items.len(), wanted, "{query}");
    }
    let query = format!("from={}&to={}&status=cancelled", text(0), text(1));
    assert!(list(&student, &query).await.items.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_page_behind_the_last_is_empty_and_still_tells_the_total() {
    let app = TestApp::start().await;
    let student = app.student(13);
    let all = list(&student, "per_page=100").await;
    let beyond = list(&student, "page=1000&per_page=100").await;
    assert!(beyond.items.is_empty());
    assert_eq!(beyond.total, all.total);
    assert_eq!((beyond.page, beyond.per_page), (1_000, 100));
    app.finish().await;
}
