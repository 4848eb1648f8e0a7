//! The deliberately wrong way books twice, and the audit says so by name.

use shared::{
    dataset::{RowKind, id},
    ids::SlotId,
};

use crate::support::{NewSlot, TestApp, together};

/// Races after which it must have shown; the first nearly always does.
const ROUNDS: u32 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_booked_twice_is_reported_by_name() {
    let app = TestApp::with(&["bookings.strategy=naive"]).start().await;
    let lab = app.lab();
    lab.audits_clean().await;
    for round in 0..ROUNDS {
        let slot = SlotId(id(RowKind::RaceSlot, round));
        let answers = together((0..20).map(|n| {
            let student = app.student(n);
            async move { student.book(slot).await }
        }))
        .await;
        if answers.iter().filter(|answer| answer.status == 201).count() < 2 {
            continue;
        }
        let report = lab.audit().await;
        let broken: Vec<_> = report.broken().map(|one| one.name.as_str()).collect();
        assert!(broken.contains(&"slot_capacity"), "{broken:?}");
        assert!(broken.contains(&"seat_unique"), "{broken:?}");
        let capacity = &report.invariants[0];
        assert_eq!(capacity.rows[0]["slot_id"], slot.to_string());
        assert!(capacity.rows[0]["active"].as_i64() > Some(1));
        app.finish().await;
        return;
    }
    panic!("in {ROUNDS} races no place was booked twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_guard_put_back_even_the_wrong_way_books_once() {
    let app = TestApp::with(&["bookings.strategy=naive"]).start().await;
    app.db
        .execute(
            "create unique index booking_slot_id_seat_active_key
             on booking (slot_id, seat)
             where status in ('confirmed', 'completed')",
        )
        .await;
    for _ in 0..5 {
        let slot = NewSlot::single().create(&app.db).await;
        let answers = together((0..20).map(|n| {
            let student = app.student(n);
            async move { student.book(slot).await }
        }))
        .await;
        let won = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(won, 1);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}
