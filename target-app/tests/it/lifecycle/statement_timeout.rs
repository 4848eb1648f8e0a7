//! A statement that takes too long is given up, or not, as the switch says.

use std::time::{Duration, Instant};

use shared::{api::bookings::BookingView, problem::Code};

use crate::support::{NewSlot, TestApp, lock_slot};

/// How long the slot is held.
const HELD: Duration = Duration::from_millis(1_500);

#[tokio::test]
async fn with_a_limit_a_booking_behind_a_lock_is_given_up_and_its_connection_serves_on() {
    let app = TestApp::with(&["db.statement_timeout=3s", "pool.max=1"])
        .start()
        .await;
    let slot = NewSlot::single().create(&app.db).await;
    let gate = lock_slot(&app.db, slot).await;
    let student = app.student(1);
    let begin = Instant::now();
    student
        .book_with_key(slot, "k")
        .await
        .refused(Code::Timeout);
    // Without the limit it would wait for the lock, which is held until after this.
    assert!(begin.elapsed() < Duration::from_secs(30));
    gate.rollback().await.unwrap();
    // On the only connection there is; the key is free.
    student
        .book_with_key(slot, "k")
        .await
        .created::<BookingView>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn without_a_limit_a_booking_waits_for_the_lock() {
    let app = TestApp::with(&["db.statement_timeout=off"]).start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let gate = lock_slot(&app.db, slot).await;
    let student = app.student(1);
    let waiting = tokio::spawn(async move { student.book(slot).await });
    tokio::time::sleep(HELD).await;
    assert!(!waiting.is_finished());
    gate.rollback().await.unwrap();
    waiting.await.unwrap().created::<BookingView>();
    app.finish().await;
}

#[tokio::test]
async fn a_booking_that_waits_too_long_for_the_lock_of_its_student_leaves_no_transaction_behind() {
    let app = TestApp::with(&["db.statement_timeout=3s", "pool.max=1"])
        .start()
        .await;
    let slot = NewSlot::single().create(&app.db).await;
    let student = app.student(1);
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("booking.student/{}", student.id))
        .execute(&mut *gate)
        .await
        .unwrap();
    // The lock is waited for in the message of the begin, which fails with a transaction open.
    student.book(slot).await.refused(Code::Timeout);
    gate.rollback().await.unwrap();
    student.book(slot).await.created::<BookingView>();
    app.lab().audits_clean().await;
    app.finish().await;
}
