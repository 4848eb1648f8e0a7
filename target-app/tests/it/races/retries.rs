//! A transaction that loses against another one is run again whole, counted, and not for ever.

use std::time::{Duration, Instant};

use shared::{api::bookings::BookingView, ids::SlotId, problem::Code};

use crate::support::{NewSlot, Person, TestApp, lock_slot, right_strategies};

async fn app_with(strategy: &str) -> TestApp {
    TestApp::with(&[&format!("bookings.strategy={strategy}")])
        .start()
        .await
}

/// The key of a booking where nothing else is booked.
const KEY: &str = "k";

fn booking(
    student: &Person,
    slot: SlotId,
    key: &str,
) -> tokio::task::JoinHandle<crate::support::Answer> {
    let (student, key) = (student.clone(), key.to_owned());
    tokio::spawn(async move { student.book_with_key(slot, &key).await })
}

/// The same key again is answered with the booking that the repeated transaction made.
async fn replayed(app: &TestApp, student: &Person, slot: SlotId, key: &str, made: &BookingView) {
    let again: BookingView = student.book_with_key(slot, key).await.created();
    assert_eq!(again, *made);
    assert_eq!(app.db.bookings_of(slot).await, 1);
    app.lab().audits_clean().await;
}

/// The booking that lost a real deadlock and was run again, with its slot and key. PostgreSQL aborts the
/// one whose `deadlock_timeout` ends first once both wait for each other: on a busy machine that
/// can be the other transaction, so this is tried a bounded number of times.
async fn booked_after_a_deadlock(app: &TestApp, student: &Person) -> (SlotId, String, BookingView) {
    for attempt in 0..10 {
        // The booking of an attempt in which the other one lost stays, with its key.
        let key = format!("{KEY}{attempt}");
        let slot = NewSlot::single().create(&app.db).await;
        // Another transaction holds the slot, and then wants the key that the booking holds.
        let mut other = lock_slot(&app.db, slot).await;
        let pending = booking(student, slot, &key);
        app.db.wait_for_blocked(1).await;
        let wanted = sqlx::query(
            "insert into idempotency_key (user_id, key, digest, status, body)
             values ($1, $2, '', 0, 'null')",
        )
        .bind(student.id.0)
        .bind(&key)
        .execute(&mut *other)
        .await;
        other.rollback().await.unwrap();
        let made: BookingView = pending.await.unwrap().created();
        match wanted {
            Ok(_) => return (slot, key, made),
            Err(lost) => assert_eq!(
                lost.as_database_error()
                    .and_then(sqlx::error::DatabaseError::code),
                Some("40P01".into()),
                "{lost}"
            ),
        }
    }
    panic!("the booking never lost: the other transaction did, ten times");
}

#[tokio::test]
async fn a_deadlock_is_run_again_under_every_strategy_and_its_key_has_one_effect() {
    for strategy in right_strategies() {
        let app = app_with(strategy).await;
        let student = app.student(1);
        let (slot, key, made) = booked_after_a_deadlock(&app, &student).await;
        let retries = app.lab().telemetry().await.retries;
        assert!(retries["40P01"] >= 1, "{strategy}: {retries:?}");
        replayed(&app, &student, slot, &key, &made).await;
        let metrics = app.anonymous().get("/metrics").await.text();
        let line = r#"targetapp_db_transaction_retries_total{sqlstate="40P01"}"#;
        assert!(metrics.contains(line), "{metrics}");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_serialization_failure_is_run_again_and_its_key_has_one_effect() {
    let app = app_with("serializable").await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let mut other = app.db.pool().begin().await.unwrap();
    sqlx::query("update slot set price_cents = price_cents + 1 where id = $1")
        .bind(slot.0)
        .execute(&mut *other)
        .await
        .unwrap();
    let pending = booking(&student, slot, KEY);
    app.db.wait_for_blocked(1).await;
    // Now the slot is not what the booking's snapshot says.
    other.commit().await.unwrap();
    let made: BookingView = pending.await.unwrap().created();
    assert_eq!(
        made.price_cents.0, 4_501,
        "read again, not booked as first seen"
    );
    let retries = app.lab().telemetry().await.retries;
    assert!(retries["40001"] >= 1, "{retries:?}");
    replayed(&app, &student, slot, KEY, &made).await;
    app.finish().await;
}

#[tokio::test]
async fn what_loses_again_and_again_is_given_up_with_a_code_of_its_own() {
    let app = app_with("serializable").await;
    app.db
        .execute(
            "create function lose() returns trigger language plpgsql as
             $$ begin raise exception 'lost' using errcode = '40001'; end $$;
             create trigger lose before insert on booking execute function lose()",
        )
        .await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let begin = Instant::now();
    student
        .book_with_key(slot, "k")
        .await
        .refused(Code::Contention);
    assert!(begin.elapsed() < Duration::from_secs(6));
    assert_eq!(app.lab().telemetry().await.retries["40001"], 12);
    // The key is still free for a better try.
    app.db.execute("drop trigger lose on booking").await;
    let made: BookingView = student.book_with_key(slot, "k").await.created();
    replayed(&app, &student, slot, KEY, &made).await;
    app.finish().await;
}
