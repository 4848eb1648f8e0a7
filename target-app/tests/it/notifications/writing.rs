//! A notification is written with what causes it, for the other participant, and pushed after the commit.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use shared::{
    api::{
        bookings::BookingView,
        calendar::CalendarEvent,
        chat::{ClientFrame, ServerFrame},
        notifications::NotificationKind,
        payments::{PaymentEvent, PaymentEventKind, PaymentView},
        sessions::SessionView,
    },
    ids::BookingId,
    problem::Code,
};
use target_app::clock::Clock;

use super::reading::list;
use crate::{
    sessions::step::{class, end, initiate, participants},
    support::{ChatSocket, NewSlot, Person, TestApp, together},
};

const ON: &str = "notifications.write=on";

/// What a person was notified of a booking, newest first.
async fn notified(person: &Person, booking: BookingId) -> Vec<NotificationKind> {
    let page = list(person, "per_page=100").await;
    let about = page.items.iter().filter(|one| one.booking_id == booking);
    about.map(|one| one.kind).collect()
}

#[tokio::test]
async fn a_booking_its_move_and_its_cancellation_are_notified_to_the_other_participant() {
    let app = TestApp::with(&[ON]).start().await;
    let (student, mentor) = (app.student(3), app.mentor(0));
    let slot = NewSlot::single();
    let id = slot.create(&app.db).await;
    let booking: BookingView = student.book(id).await.created();
    assert_eq!(notified(&student, booking.id).await, []);
    let made = NotificationKind::BookingMade;
    assert_eq!(notified(&mentor, booking.id).await, [made]);
    let to = slot.starts_at() + TimeDelta::minutes(30);
    mentor.move_event(id, to).await.ok::<CalendarEvent>();
    let moved = NotificationKind::BookingMoved;
    assert_eq!(notified(&student, booking.id).await, [moved]);
    student.cancel(booking.id).await.ok::<BookingView>();
    assert_eq!(notified(&student, booking.id).await, [moved]);
    let cancelled = NotificationKind::BookingCancelled;
    assert_eq!(notified(&mentor, booking.id).await, [cancelled, made]);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn another_slot_for_a_booking_is_notified_once_to_the_one_who_did_not_ask_for_it() {
    let app = TestApp::with(&[ON]).start().await;
    let (student, mentor) = (app.student(3), app.mentor(0));
    let mut slots = Vec::new();
    for _ in 0..3 {
        slots.push(NewSlot::single().create(&app.db).await);
    }
    let booking: BookingView = student.book(slots[0]).await.created();
    for _ in 0..2 {
        let moved = student.reschedule(booking.id, slots[1]).await;
        moved.ok::<BookingView>();
    }
    let (made, moved) = (
        NotificationKind::BookingMade,
        NotificationKind::BookingMoved,
    );
    assert_eq!(notified(&mentor, booking.id).await, [moved, made]);
    assert_eq!(notified(&student, booking.id).await, []);
    let by_mentor = mentor.reschedule(booking.id, slots[2]).await;
    by_mentor.ok::<BookingView>();
    assert_eq!(notified(&mentor, booking.id).await, [moved, made]);
    assert_eq!(notified(&student, booking.id).await, [moved]);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_payment_a_release_and_a_class_are_notified_too() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[ON, "bookings.payment=required"])
        .with_clock(&clock)
        .start()
        .await;
    let student = app.student(9);
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    let payment: PaymentView = student.pay(booking.id).await.created();
    let event = PaymentEvent {
        id: "event-1".to_owned(),
        kind: PaymentEventKind::Captured,
        payment_id: payment.id,
        amount_cents: payment.amount_cents,
    };
    // The second delivery has no effect, and is not notified.
    for _ in 0..2 {
        assert_eq!(app.webhook(&event).await.status, 200);
    }
    let paid = NotificationKind::BookingPaid;
    assert_eq!(notified(&student, booking.id).await, [paid]);
    let slot = NewSlot::single().create(&app.db).await;
    let unpaid: BookingView = student.book(slot).await.created();
    clock.advance(TimeDelta::minutes(16));
    // With a token that has not expired.
    let student = app.student(9);
    let released = NotificationKind::BookingReleased;
    for _ in 0..600 {
        if notified(&student, unpaid.id).await == [released] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(notified(&student, unpaid.id).await, [released]);
    let (student, mentor) = participants(&app, 9);
    let begun: SessionView = initiate(&student, class(9)).await.created();
    assert_eq!(initiate(&student, class(9)).await.status, 200);
    let started = NotificationKind::SessionStarted;
    assert_eq!(notified(&mentor, class(9)).await, [started]);
    assert_eq!(notified(&student, class(9)).await, []);
    assert_eq!(end(&mentor, begun.id).await.status, 200);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_refused_or_repeated_is_not_notified() {
    let app = TestApp::with(&[ON]).start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let count = || {
        app.db.count(
            "select count(*) from notification where created_at > (select seeded_at from dataset)",
        )
    };
    let students: Vec<Person> = (10..22).map(|n| app.student(n)).collect();
    let answers = together(students.iter().map(|one| one.book_with_key(slot, "a-key"))).await;
    let made: Vec<_> = answers.iter().filter(|one| one.status == 201).collect();
    assert_eq!((made.len(), count().await), (1, 1));
    let winner = answers.iter().position(|one| one.status == 201).unwrap();
    let again = students[winner].book_with_key(slot, "a-key").await;
    assert_eq!((again.status, count().await), (201, 1));
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn with_the_switch_off_nothing_is_written() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = app.student(3).book(slot).await.created();
    app.student(3).cancel(booking.id).await.ok::<BookingView>();
    for person in [app.student(3), app.mentor(0)] {
        assert_eq!(notified(&person, booking.id).await, []);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_notification_is_pushed_to_its_readers_sockets_and_to_no_other() {
    let app = TestApp::with(&[ON]).start().await;
    let (student, mentor) = (app.student(5), app.mentor(0));
    let mut sockets = [
        ChatSocket::open(app.address, &mentor.token).await,
        ChatSocket::open(app.address, &mentor.token).await,
    ];
    let mut own = ChatSocket::open(app.address, &student.token).await;
    // Its answer says that the socket is served.
    for socket in sockets.iter_mut().chain([&mut own]) {
        socket.say(&ClientFrame::Ping { nonce: 1 }).await;
        assert_eq!(socket.hear().await, ServerFrame::Pong { nonce: 1 });
    }
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    let stored = list(&mentor, "").await.items[0].clone();
    assert_eq!(stored.booking_id, booking.id);
    for socket in &mut sockets {
        assert_eq!(
            socket.hear().await,
            ServerFrame::Notification(stored.clone())
        );
    }
    own.hears_nothing().await;
    app.finish().await;
}

#[tokio::test]
async fn a_rolled_back_change_leaves_no_notification() {
    let app = TestApp::with(&[ON]).start().await;
    let slot = NewSlot::single().starting(Utc::now() + TimeDelta::days(210));
    let id = slot.create(&app.db).await;
    // The notification is the last statement of the transaction, and fails.
    app.db
        .execute(
            "alter table notification add constraint none check (kind <> 'booking_made') not valid",
        )
        .await;
    let refused = app.student(3).book(id).await;
    refused.refused(Code::Internal);
    assert_eq!(app.db.bookings_of(id).await, 0);
    app.finish().await;
}
