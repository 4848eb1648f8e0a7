//! The index on seats decides where one engine books under a lock that another does not take: the
//! loser gets another place while there is one.

use shared::{
    api::bookings::BookingView,
    dataset::{self, RowKind},
    ids::SlotId,
    problem::Code,
};
use uuid::Uuid;

use crate::support::{NewSlot, TestApp, right_strategies, student_id};

/// A booking of a seat by another engine, in a transaction that is not committed yet.
async fn taken(app: &TestApp, slot: SlotId, seat: i32) -> sqlx::Transaction<'_, sqlx::Postgres> {
    let mut open = app.db.pool().begin().await.unwrap();
    sqlx::query(
        "insert into booking
             (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents)
         select $1, id, mentor_id, $3, starts_at, ends_at, $4, 'confirmed', price_cents
         from slot
         where id = $2 and mentor_id = $5",
    )
    .bind(Uuid::now_v7())
    .bind(slot.0)
    .bind(student_id(20 + seat.unsigned_abs()).0)
    .bind(seat)
    .bind(dataset::id(RowKind::Mentor, 0))
    .execute(&mut *open)
    .await
    .unwrap();
    open
}

#[tokio::test]
async fn a_seat_lost_to_another_engine_is_answered_with_the_next_while_there_is_one() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::group(2).create(&app.db).await;
        for (student, seat, is_free) in [(1, 0, true), (2, 0, false)] {
            let other = if is_free {
                taken(&app, slot, seat).await
            } else {
                app.db.pool().begin().await.unwrap()
            };
            let booking = tokio::spawn({
                let student = app.student(student);
                async move { student.book(slot).await }
            });
            if is_free {
                app.db.wait_for_blocked(1).await;
            }
            other.commit().await.unwrap();
            let answer = booking.await.unwrap();
            if is_free {
                let made: BookingView = answer.created();
                let seat = format!("select seat::bigint from booking where id = '{}'", made.id);
                assert_eq!(app.db.count(&seat).await, 1, "{strategy}");
                // The other engine counts its place as its own transaction would.
                app.db
                    .execute(&format!("update slot set booked = 2 where id = '{slot}'"))
                    .await;
            } else {
                answer.refused(Code::SlotFull);
            }
        }
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn who_waited_for_the_slot_takes_a_seat_that_is_free_by_then_and_is_not_run_again() {
    for strategy in ["row_lock", "conditional_update"] {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::group(2).create(&app.db).await;
        let mut other = taken(&app, slot, 0).await;
        sqlx::query("update slot set booked = booked + 1 where id = $1")
            .bind(slot.0)
            .execute(&mut *other)
            .await
            .unwrap();
        let booking = tokio::spawn({
            let student = app.student(1);
            async move { student.book(slot).await }
        });
        app.db.wait_for_blocked(1).await;
        other.commit().await.unwrap();
        let made: BookingView = booking.await.unwrap().created();
        let seat = format!("select seat::bigint from booking where id = '{}'", made.id);
        assert_eq!(app.db.count(&seat).await, 1, "{strategy}");
        let retries = app.lab().telemetry().await.retries;
        assert_eq!(retries.values().sum::<u64>(), 0, "{strategy}: {retries:?}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

/// One came and another went, so the count is what it was before the wait, and the seats are not.
#[tokio::test]
async fn who_waited_does_not_take_a_seat_that_was_taken_meanwhile_also_without_the_guard() {
    for strategy in ["row_lock", "conditional_update"] {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let slot = NewSlot::group(3).create(&app.db).await;
        for student in [2, 3] {
            app.student(student)
                .book(slot)
                .await
                .created::<BookingView>();
        }
        app.db
            .execute("drop index booking_slot_id_seat_active_key")
            .await;
        let mut other = taken(&app, slot, 2).await;
        for change in [
            "update booking
             set status = 'cancelled', cancelled_at = now()
             where slot_id = $1 and seat = 0",
            "update slot set booked = booked + 1 - 1 where id = $1",
        ] {
            sqlx::query(change)
                .bind(slot.0)
                .execute(&mut *other)
                .await
                .unwrap();
        }
        let booking = tokio::spawn({
            let student = app.student(1);
            async move { student.book(slot).await }
        });
        app.db.wait_for_blocked(1).await;
        other.commit().await.unwrap();
        let made: BookingView = booking.await.unwrap().created();
        let seat = format!("select seat::bigint from booking where id = '{}'", made.id);
        assert_eq!(app.db.count(&seat).await, 0, "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}
