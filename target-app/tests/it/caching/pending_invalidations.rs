//! Invalidations that did not reach Redis: repeated, and what they are about is not read until
//! then.

use std::time::{Duration, Instant};

use serde_json::Value;
use shared::{
    api::bookings::BookingView, ids::BookingId, page::Page, problem::Code, timing::ServerCount,
};

use crate::support::{NewSlot, Person, Proxy, TestApp, together};

/// The bookings of a student, and whether they came from a cache.
async fn booked(student: &Person) -> (Vec<BookingView>, bool) {
    let answer = student.bookings("per_page=100").await;
    let cached = answer.timing().counts[ServerCount::Hits] == 1;
    let page: Page<BookingView> = answer.ok();
    (page.items, cached)
}

async fn shows(student: &Person, booking: BookingId) -> (bool, bool) {
    let (all, cached) = booked(student).await;
    (all.iter().any(|one| one.id == booking), cached)
}

/// Books while Redis stands still, and reads until what is read comes from there again.
async fn book_while_redis_stands_still(store: &str, rule: &str) {
    let proxy = Proxy::to_redis().await;
    let app = TestApp::with(&[
        &format!("cache.bookings={store}"),
        &format!("cache.invalidation={rule}"),
        "cache.users=off",
        "cache.mentors=off",
        "cache.bookings.ttl=10m",
        "cache.tiered.ttl=50ms",
    ])
    .with_redis_at(proxy.address())
    .start()
    .await;
    let students: Vec<_> = (1..=3).map(|n| app.student(n)).collect();
    for student in &students {
        booked(student).await;
        assert!(booked(student).await.1, "{store} {rule}");
    }
    proxy.stall();
    let mut made = Vec::new();
    for student in &students {
        let slot = NewSlot::single().create(&app.db).await;
        let booking: BookingView = student.book(slot).await.created();
        made.push(booking.id);
    }
    proxy.resume();
    let begin = Instant::now();
    for (student, booking) in students.iter().zip(made) {
        loop {
            let (there, cached) = shows(student, booking).await;
            assert!(there, "{store} {rule} cached={cached}");
            if cached {
                break;
            }
            assert!(begin.elapsed() < Duration::from_mins(1), "{store} {rule}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_booking_made_while_redis_stands_still_shows_before_and_after_it_goes_on() {
    for store in ["redis", "tiered"] {
        // At once: most of it is waiting.
        let rules = ["versioned", "delete"];
        Box::pin(together(
            rules.map(|rule| book_while_redis_stands_still(store, rule)),
        ))
        .await;
    }
}

/// A process that is killed after its commit has invalidated nothing.
#[tokio::test]
async fn a_process_that_starts_reads_nothing_that_an_earlier_one_stored() {
    for store in ["redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}"), "cache.tiered.ttl=50ms"])
            .start()
            .await;
        app.anonymous().mentors("").await.ok::<Value>();
        app.db.execute("update mentor set headline = 'Else'").await;
        let later = app.sibling().await;
        let shown = later.anonymous().mentors("").await.text();
        assert!(shown.contains("Else"), "{store}");
        // The instance that was there before has no copy any more, and Redis the new value.
        tokio::time::sleep(Duration::from_millis(60)).await;
        let shown = app.anonymous().mentors("").await.text();
        assert!(shown.contains("Else"), "{store}");
        later.finish().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_process_that_starts_without_redis_reads_nothing_from_it_until_it_has_deleted_it() {
    let proxy = Proxy::to_redis().await;
    let app = TestApp::with(&["cache.mentors=redis"])
        .with_redis_at(proxy.address())
        .start()
        .await;
    let anyone = app.anonymous();
    anyone.mentors("").await.ok::<Value>();
    app.db.execute("update mentor set headline = 'Else'").await;
    proxy.stall();
    let later = app.sibling().await;
    proxy.resume();
    let begin = Instant::now();
    loop {
        let answer = later.anonymous().mentors("").await;
        assert!(answer.text().contains("Else"));
        if answer.timing().counts[ServerCount::Hits] == 1 {
            break;
        }
        assert!(begin.elapsed() < Duration::from_mins(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    later.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn the_repetition_of_a_keyed_booking_invalidates_too() {
    for store in ["memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.bookings={store}"), "cache.users=off"])
            .start()
            .await;
        let student = app.student(1);
        let slot = NewSlot::single().create(&app.db).await;
        let booking: BookingView = student.book_with_key(slot, "once").await.created();
        booked(&student).await;
        // Stands for a list that was stored before the booking.
        app.db
            .execute(&format!(
                "update booking set price_cents = 7 where id = '{}'",
                booking.id
            ))
            .await;
        let again: BookingView = student.book_with_key(slot, "once").await.created();
        assert_eq!(again, booking);
        let (all, cached) = booked(&student).await;
        let shown = all.iter().find(|one| one.id == booking.id).unwrap();
        assert!(!cached && shown.price_cents.0 == 7, "{store}");
        // A refusal changed nothing.
        student.book(slot).await.refused(Code::StudentBusy);
        assert!(booked(&student).await.1, "{store}");
        app.finish().await;
    }
}

#[tokio::test]
async fn the_audit_compares_what_another_process_stored() {
    for store in ["redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}")])
            .start()
            .await;
        let other = app.sibling().await;
        for query in ["", "skill=rust&sort=price_asc"] {
            other.anonymous().mentors(query).await.ok::<Value>();
        }
        let report = app.lab().audit().await;
        assert_eq!(report.cached["mentors"].compared, 2, "{store}");
        assert_eq!(report.violations(), 0, "{report:?}");
        app.db.execute("update mentor set headline = 'Else'").await;
        let report = app.lab().audit().await;
        assert_eq!(report.cached["mentors"].wrong, 2, "{store}: {report:?}");
        other.finish().await;
        app.finish().await;
    }
}
