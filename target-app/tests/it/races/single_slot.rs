//! Two hundred clients at one place: one gets it, with and without the guard behind the strategy.

use shared::{
    dataset::{RowKind, id},
    ids::SlotId,
    problem::Code,
};

use crate::support::{Answer, TestApp, conflicts, together};

const CLIENTS: u32 = 200;
/// Takes away the unique index on seats behind the application's back.
const DROP_GUARD: &str = "drop index booking_slot_id_seat_active_key";

/// Two hundred students at race slot `n`.
async fn race(app: &TestApp, n: u32) -> (SlotId, Vec<Answer>) {
    let slot = SlotId(id(RowKind::RaceSlot, n));
    let clients = (0..CLIENTS).map(|n| {
        let student = app.student(n);
        async move { student.book(slot).await }
    });
    (slot, together(clients).await)
}

/// Exactly one got it, all others `slot_full`.
async fn one_winner(app: &TestApp, slot: SlotId, answers: &[Answer]) {
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(Code::SlotFull);
    }
    let kept = conflicts(&app.db, slot).await;
    assert_eq!(kept.len() as u32, CLIENTS - 1);
    assert!(kept.iter().all(|(_, reason)| reason == "slot_full"));
    app.lab().audits_clean().await;
}

async fn with_the_guard(strategy: &str) {
    let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
        .start()
        .await;
    let (slot, answers) = race(&app, 0).await;
    one_winner(&app, slot, &answers).await;
    app.finish().await;
}

async fn without_the_guard(strategy: &str) {
    let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
        .start()
        .await;
    app.db.execute(DROP_GUARD).await;
    let (slot, answers) = race(&app, 1).await;
    one_winner(&app, slot, &answers).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_lock_has_one_winner() {
    with_the_guard("row_lock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_lock_has_one_winner_without_the_guard_behind_it() {
    without_the_guard("row_lock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditional_update_has_one_winner() {
    with_the_guard("conditional_update").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditional_update_has_one_winner_without_the_guard_behind_it() {
    without_the_guard("conditional_update").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unique_index_has_one_winner() {
    with_the_guard("unique_index").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn advisory_lock_has_one_winner() {
    with_the_guard("advisory_lock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn advisory_lock_has_one_winner_without_the_guard_behind_it() {
    without_the_guard("advisory_lock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serializable_has_one_winner() {
    with_the_guard("serializable").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serializable_has_one_winner_without_the_guard_behind_it() {
    without_the_guard("serializable").await;
}

/// The index is this strategy's whole protection: without it, it books nothing at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unique_index_without_its_index_refuses_everybody_rather_than_book_twice() {
    let app = TestApp::with(&["bookings.strategy=unique_index"])
        .start()
        .await;
    app.db.execute(DROP_GUARD).await;
    let (_, answers) = race(&app, 1).await;
    for answer in &answers {
        answer.refused(Code::Contention);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}
