//! The end of the process: what runs is finished, nothing new begins.

use std::time::{Duration, Instant};

use shared::api::bookings::BookingView;
use target_app::shutdown::GRACE;

use crate::support::{NewSlot, TestApp, lock_slot};

#[tokio::test]
async fn a_slow_request_is_finished_before_the_end() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let gate = lock_slot(&app.db, slot).await;
    let student = app.student(1);
    let slow = tokio::spawn({
        let student = student.clone();
        async move { student.book(slot).await }
    });
    app.db.wait_for_blocked(1).await;
    app.stop();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // New connections are refused meanwhile, unless another test was given the port for a moment.
    let begin = Instant::now();
    while tokio::net::TcpStream::connect(app.address).await.is_ok() {
        assert!(begin.elapsed() < GRACE / 2, "the listener is open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!slow.is_finished());
    gate.rollback().await.unwrap();
    let booking: BookingView = slow.await.unwrap().created();
    let db = app.stopped().await;
    let stored = db
        .count(&format!(
            "select count(*) from booking where id = '{}'",
            booking.id
        ))
        .await;
    assert_eq!(stored, 1);
    db.finish().await;
}

#[tokio::test]
async fn the_end_closes_every_connection_to_the_database() {
    let app = TestApp::start().await;
    app.student(1).bookings("").await;
    app.stop();
    let db = app.stopped().await;
    // A backend is listed until it has noticed that its client is gone.
    db.wait_for_solitude().await;
    db.finish().await;
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    let app = TestApp::start().await;
    let _idle = tokio::net::TcpStream::connect(app.address).await.unwrap();
    app.anonymous().mentors("").await;
    let begin = Instant::now();
    app.stop();
    let db = app.stopped().await;
    assert!(begin.elapsed() < GRACE);
    db.finish().await;
}

#[tokio::test]
async fn what_goes_on_without_a_client_is_waited_for_at_the_end() {
    let app = TestApp::start().await;
    // As a change holds it whose client is gone, until it has invalidated what it touched.
    let engine = app.state.engine();
    app.stop();
    let mut end = Box::pin(app.stopped());
    let early = tokio::time::timeout(Duration::from_millis(500), end.as_mut()).await;
    assert!(early.is_err(), "it ended without waiting");
    drop(engine);
    end.await.finish().await;
}
