//! Taking another slot of the same mentor instead.

use chrono::{TimeDelta, Utc};
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        payments::{PaymentEvent, PaymentEventKind, PaymentView},
        sessions::SessionView,
    },
    dataset::CLASS_MENTORS,
    ids::{BookingId, SlotId},
    page::Page,
    problem::Code,
};
use target_app::clock::Clock;

use crate::{
    sessions::step::{class, initiate, participants},
    support::{Lesson, NewSlot, Person, TestApp, all_strategies, conflicts, lock_slot},
};

/// How many places of a slot are counted as taken.
async fn taken(app: &TestApp, slot: SlotId) -> i64 {
    let count = format!("select booked::bigint from slot where id = '{slot}'");
    app.db.count(&count).await
}

/// The booking is what it was.
async fn is_unchanged(person: &Person, booking: &BookingView) {
    let seen: BookingView = person.booking(booking.id).await.ok();
    assert_eq!(seen, *booking);
}

#[tokio::test]
async fn the_other_place_is_taken_and_the_former_one_can_be_taken_again() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let (first, second) = (NewSlot::single(), NewSlot::single());
        let (from, to) = (first.create(&app.db).await, second.create(&app.db).await);
        let (ann, bob) = (app.student(1), app.student(2));
        let booking: BookingView = ann.book(from).await.created();
        ann.bookings("per_page=100").await.ok::<Page<BookingView>>();
        let moved: BookingView = ann.reschedule(booking.id, to).await.ok();
        assert_eq!((moved.id, moved.slot_id), (booking.id, to));
        assert_eq!(moved.status, BookingStatus::Confirmed);
        let distance = moved.scheduled_at - second.starts_at();
        assert!(distance.abs() < TimeDelta::milliseconds(1));
        assert_eq!(moved.ends_at - moved.scheduled_at, TimeDelta::hours(1));
        assert_eq!(moved.price_cents, booking.price_cents);
        assert_eq!(moved.created_at, booking.created_at);
        // The same again changes nothing and is answered the same.
        let again: BookingView = ann.reschedule(booking.id, to).await.ok();
        assert_eq!(again, moved);
        is_unchanged(&ann, &moved).await;
        let page: Page<BookingView> = ann.bookings("per_page=100").await.ok();
        assert!(page.items.contains(&moved), "{strategy}");
        assert_eq!((taken(&app, from).await, taken(&app, to).await), (0, 1));
        bob.book(to).await.refused(Code::SlotFull);
        bob.book(from).await.created::<BookingView>();
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_full_slot_is_refused_and_kept_and_the_former_place_with_it() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let from = NewSlot::single().create(&app.db).await;
        let to = NewSlot::single().create(&app.db).await;
        let (ann, bob) = (app.student(1), app.student(2));
        let booking: BookingView = ann.book(from).await.created();
        bob.book(to).await.created::<BookingView>();
        ann.reschedule(booking.id, to).await.refused(Code::SlotFull);
        is_unchanged(&ann, &booking).await;
        assert_eq!((taken(&app, from).await, taken(&app, to).await), (1, 1));
        let kept = conflicts(&app.db, to).await;
        assert_eq!(kept, [(ann.id, "slot_full".to_owned())], "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn the_mentor_may_do_it_too_and_a_stranger_finds_nothing() {
    let app = TestApp::start().await;
    let from = NewSlot::single().of_mentor(1).create(&app.db).await;
    let to = NewSlot::single().of_mentor(1).create(&app.db).await;
    let student = app.student(1);
    let booking: BookingView = student.book(from).await.created();
    for outsider in [app.student(2), app.mentor(2)] {
        let answer = outsider.reschedule(booking.id, to).await;
        answer.refused(Code::NotFound);
    }
    let nowhere = BookingId(uuid::Uuid::now_v7());
    student
        .reschedule(nowhere, to)
        .await
        .refused(Code::NotFound);
    let no_slot = SlotId(uuid::Uuid::now_v7());
    let answer = student.reschedule(booking.id, no_slot).await;
    answer.refused(Code::NotFound);
    is_unchanged(&student, &booking).await;
    let moved: BookingView = app.mentor(1).reschedule(booking.id, to).await.ok();
    assert_eq!((moved.slot_id, moved.student_id), (to, student.id));
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_slot_of_another_mentor_length_or_price_is_refused_and_no_conflict() {
    let app = TestApp::start().await;
    let from = NewSlot::single().create(&app.db).await;
    let student = app.student(1);
    let booking: BookingView = student.book(from).await.created();
    let elsewhere = NewSlot::single().of_mentor(1).create(&app.db).await;
    let mut others = vec![elsewhere];
    for difference in [
        "price_cents = price_cents + 1",
        "price_cents = 0",
        "ends_at = ends_at + interval '30 minutes'",
        "ends_at = ends_at - interval '30 minutes'",
    ] {
        let other = NewSlot::single().create(&app.db).await;
        let sql = format!("update slot set {difference} where id = '{other}'");
        app.db.execute(&sql).await;
        others.push(other);
    }
    for other in others {
        let answer = student.reschedule(booking.id, other).await;
        let problem = answer.refused(Code::InvalidRequest);
        assert!(problem.detail.contains("`slot_id`"), "{}", problem.detail);
        assert_eq!(taken(&app, other).await, 0);
        assert!(conflicts(&app.db, other).await.is_empty());
    }
    is_unchanged(&student, &booking).await;
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_slot_that_has_begun_or_is_not_offered_or_overlaps_is_refused() {
    let app = TestApp::start().await;
    let from = NewSlot::single().create(&app.db).await;
    let student = app.student(1);
    let booking: BookingView = student.book(from).await.created();
    let past = NewSlot::single().starting(Utc::now() - TimeDelta::days(500));
    let past = past.create(&app.db).await;
    let answer = student.reschedule(booking.id, past).await;
    answer.refused(Code::SlotClosed);
    let kept = conflicts(&app.db, past).await;
    assert_eq!(kept, [(student.id, "slot_closed".to_owned())]);

    let other = NewSlot::single();
    let elsewhere = NewSlot::single()
        .of_mentor(1)
        .starting(other.starts_at() + TimeDelta::minutes(30));
    let elsewhere = elsewhere.create(&app.db).await;
    student.book(elsewhere).await.created::<BookingView>();
    let to = other.create(&app.db).await;
    let answer = student.reschedule(booking.id, to).await;
    answer.refused(Code::StudentBusy);

    let free = NewSlot::single().create(&app.db).await;
    app.mentor(0)
        .set_active(false)
        .await
        .ok::<serde_json::Value>();
    let answer = student.reschedule(booking.id, free).await;
    answer.refused(Code::SlotClosed);
    // Where it is it may stay.
    let same: BookingView = student.reschedule(booking.id, from).await.ok();
    assert_eq!(same, booking);
    is_unchanged(&student, &booking).await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_cancelled_begun_or_over_keeps_its_slot() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[]).with_clock(&clock).start().await;
    let student = app.student(1);
    let over = Lesson {
        student: 1,
        mentor: 0,
    };
    let over = over.create(&app.db).await;
    let to = NewSlot::single().create(&app.db).await;
    let answer = student.reschedule(over, to).await;
    answer.refused(Code::BookingNotActive);

    let cancelled = NewSlot::single().create(&app.db).await;
    let cancelled: BookingView = student.book(cancelled).await.created();
    student.cancel(cancelled.id).await.ok::<BookingView>();
    for slot in [to, cancelled.slot_id] {
        let answer = student.reschedule(cancelled.id, slot).await;
        let problem = answer.refused(Code::BookingNotActive);
        assert!(problem.detail.contains("cancelled"), "{}", problem.detail);
    }

    // A class that was initiated before its lesson begins.
    let (participant, _) = participants(&app, 9);
    let begun = initiate(&participant, class(9)).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let answer = participant.reschedule(class(9), to).await;
    answer.refused(Code::BookingNotActive);

    let slot = NewSlot::single();
    let booking: BookingView = student.book(slot.create(&app.db).await).await.created();
    let later = NewSlot::single().create(&app.db).await;
    clock.advance(slot.starts_at() - clock.now());
    // The token was made before; its fifteen minutes are long over.
    let answer = app.student(1).reschedule(booking.id, later).await;
    let problem = answer.refused(Code::BookingNotActive);
    assert!(problem.detail.contains("begun"), "{}", problem.detail);
    for slot in [to, later] {
        assert_eq!(taken(&app, slot).await, 0);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_class_that_was_initiated_while_the_slots_were_waited_for_keeps_its_slot() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let to = NewSlot::single().of_mentor(9 % CLASS_MENTORS);
        let to = to.create(&app.db).await;
        let (student, _) = participants(&app, 9);
        let booking: BookingView = student.booking(class(9)).await.ok();
        let price = booking.price_cents.0;
        let same = format!("update slot set price_cents = {price} where id = '{to}'");
        app.db.execute(&same).await;
        let other = lock_slot(&app.db, to).await;
        let asked = student.clone();
        let rescheduling = tokio::spawn(async move { asked.reschedule(class(9), to).await });
        app.db.wait_for_blocked(1).await;
        let begun = initiate(&student, class(9)).await;
        begun.created::<SessionView>();
        other.rollback().await.unwrap();
        let answer = rescheduling.await.unwrap();
        assert_eq!(
            answer.code(),
            Some(Code::BookingNotActive),
            "{strategy}: {}",
            answer.text()
        );
        is_unchanged(&student, &booking).await;
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_hold_ends_when_it_would_have_ended_and_what_was_paid_stays_paid() {
    let app = TestApp::with(&["bookings.payment=required"]).start().await;
    let student = app.student(1);
    let mut slots = Vec::new();
    for _ in 0..3 {
        slots.push(NewSlot::single().create(&app.db).await);
    }
    let booking: BookingView = student.book(slots[0]).await.created();
    assert!(booking.hold_expires_at.is_some());
    let held: BookingView = student.reschedule(booking.id, slots[1]).await.ok();
    assert_eq!(held.hold_expires_at, booking.hold_expires_at);
    is_unchanged(&student, &held).await;
    let payment: PaymentView = student.pay(booking.id).await.created();
    let event = PaymentEvent {
        id: "event-1".to_owned(),
        kind: PaymentEventKind::Captured,
        payment_id: payment.id,
        amount_cents: payment.amount_cents,
    };
    assert_eq!(app.webhook(&event).await.status, 200);
    let paid: BookingView = student.reschedule(booking.id, slots[2]).await.ok();
    assert_eq!((paid.slot_id, paid.hold_expires_at), (slots[2], None));
    let payments = format!(
        "select count(*) from payment where booking_id = '{}' and status = 'captured'",
        booking.id
    );
    assert_eq!(app.db.count(&payments).await, 1);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_cancellation_that_waited_for_it_gives_the_other_place_back() {
    let app = TestApp::start().await;
    let from = NewSlot::single().create(&app.db).await;
    let to = NewSlot::single().create(&app.db).await;
    let student = app.student(1);
    let booking: BookingView = student.book(from).await.created();
    // Another instance reschedules the booking, and has not committed yet.
    let mut other = app.db.pool().begin().await.unwrap();
    for sql in [
        "select from slot where id in ($1, $2) order by id for update",
        "update booking
         set slot_id = s.id, scheduled_at = s.starts_at, ends_at = s.ends_at
         from slot s
         where s.id = $2
           and booking.slot_id = $1",
        "update slot
         set booked = booked + case when id = $2 then 1 else -1 end
         where id in ($1, $2)",
    ] {
        sqlx::query(sql)
            .bind(from.0)
            .bind(to.0)
            .execute(&mut *other)
            .await
            .unwrap();
    }
    let id = booking.id;
    let asked = student.clone();
    let cancelling = tokio::spawn(async move { asked.cancel(id).await });
    app.db.wait_for_blocked(1).await;
    other.commit().await.unwrap();
    let cancelled: BookingView = cancelling.await.unwrap().ok();
    assert_eq!(cancelled.slot_id, to);
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    is_unchanged(&student, &cancelled).await;
    assert_eq!((taken(&app, from).await, taken(&app, to).await), (0, 0));
    app.lab().audits_clean().await;
    app.finish().await;
}
