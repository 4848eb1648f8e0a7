//! Clients that go away in the middle of what they asked for.

use std::time::{Duration, Instant};

use shared::{
    api::{auth::Role, bookings::BookingView},
    dataset::{RowKind, id},
    ids::SlotId,
};

use crate::support::{NewSlot, TestApp, together};

const CLIENTS: u32 = 300;
const AT_ONCE: u32 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_who_leave_in_the_middle_leave_no_half_booking_and_no_open_transaction() {
    let app = TestApp::start().await;
    // How long so many take when no client disconnects, on this machine, now.
    let begin = Instant::now();
    together((CLIENTS..CLIENTS + AT_ONCE).map(|n| {
        let student = app.student(n);
        async move {
            let slot = SlotId(id(RowKind::RaceSlot, n));
            assert_eq!(student.book_with_key(slot, "order").await.status, 201);
        }
    }))
    .await;
    let usual = begin.elapsed();
    for first in (0..CLIENTS).step_by(AT_ONCE as usize) {
        together((first..first + AT_ONCE).map(|n| {
            let student = app.student(n);
            async move {
                let slot = SlotId(id(RowKind::RaceSlot, n));
                // From before the first statement to after the commit.
                let patience = usual * 3 * n / (CLIENTS * 2);
                let booking = student.book_with_key(slot, "order");
                // Dropping the request closes its connection.
                let _ = tokio::time::timeout(patience, booking).await;
            }
        }))
        .await;
    }
    // What was begun is brought to its end.
    app.wait_for_requests(..=0_u64).await;
    app.db.wait_for_no_transaction().await;
    app.lab().audits_clean().await;
    let half = app
        .db
        .count(
            "select count(*) from idempotency_key k
             full join (select * from booking where scheduled_at > now() + interval '390 days') b
             on b.student_id = k.user_id
             where k.user_id is null or b.id is null",
        )
        .await;
    assert_eq!(half, 0, "a key without its booking, or the other way round");
    let booked = app
        .db
        .count("select count(*) from booking where scheduled_at > now() + interval '390 days'")
        .await;
    let in_effect = booked - i64::from(AT_ONCE);
    assert!(
        (1..i64::from(CLIENTS)).contains(&in_effect),
        "some were cut off before and some after they had an effect, not {in_effect}"
    );

    // No connection of the pool hides what is written over it.
    for n in 0..20 {
        let slot = NewSlot::single().create(&app.db).await;
        let booking: BookingView = app.student(n).book(slot).await.created();
        let stored = app
            .db
            .count(&format!(
                "select count(*) from booking where id = '{}'",
                booking.id
            ))
            .await;
        assert_eq!(stored, 1, "a booking that was answered is stored");
    }
    // Whoever comes again with the same key gets the same booking.
    for n in [0, 150, 299] {
        let slot = SlotId(id(RowKind::RaceSlot, n));
        app.student(n)
            .book_with_key(slot, "order")
            .await
            .created::<BookingView>();
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_list_that_nobody_waits_for_any_more_gives_its_connection_back() {
    let app = TestApp::with(&["pool.max=2", "cache.mentors=off"])
        .start()
        .await;
    for n in 0..60_u64 {
        let anyone = app.anonymous();
        let patience = Duration::from_micros(n * 150);
        let _ = tokio::time::timeout(patience, anyone.mentors("sort=newest")).await;
    }
    for _ in 0..5 {
        assert_eq!(app.anonymous().mentors("").await.status, 200);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_registration_whose_client_has_gone_is_waited_for_by_whoever_closes_its_engine() {
    let app = TestApp::start().await;
    // The last of its statements waits, the commit and what follows it are to come.
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("lock table refresh_token in share mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let anyone = app.anonymous();
    let registering = tokio::spawn(async move {
        let (email, password) = ("gone@example.org", "a long enough password");
        anyone.register(email, password, Role::Mentor).await
    });
    app.db.wait_for_blocked(1).await;
    registering.abort();
    app.wait_for_requests(..=0_u64).await;
    let idle = app.state.engines().idle();
    let early = tokio::time::timeout(Duration::from_millis(500), idle).await;
    assert!(early.is_err(), "nobody knows of the registration");
    gate.rollback().await.unwrap();
    app.state.engines().idle().await;
    let stored = app
        .db
        .count("select count(*) from app_user where email = 'gone@example.org'")
        .await;
    assert_eq!(stored, 1);
    app.finish().await;
}
