//! Giving money back.

use chrono::Utc;
use shared::{
    api::{
        auth::Role,
        bookings::{BookingStatus, BookingView},
        payments::{PaymentStatus, PaymentView},
    },
    money::Cents,
    problem::Code,
};
use target_app::clock::Clock;

use super::step::{REQUIRED, held, made, paid, wait_for};
use crate::support::{TestApp, begin_mark, student_id, together};

#[tokio::test]
async fn a_refund_cancels_the_booking_and_gives_the_whole_price_back_once() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let (ann, bob) = (app.student(1), app.student(2));
    let (booking, payment) = paid(&app, &ann).await;
    for answer in together((0..8).map(|_| ann.refund(payment.id))).await {
        let payment: PaymentView = answer.ok();
        assert!(payment.status >= PaymentStatus::Refunding);
    }
    let refunded = wait_for(&ann, payment.id, PaymentStatus::Refunded).await;
    assert_eq!(refunded.refunded_cents, Cents(4_500));
    let again: PaymentView = ann.refund(payment.id).await.ok();
    assert_eq!(again, refunded);
    let gone: BookingView = ann.booking(booking.id).await.ok();
    assert_eq!(gone.status, BookingStatus::Cancelled);
    bob.book(booking.slot_id).await.created::<BookingView>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn cancelling_a_paid_booking_gives_its_price_back() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let (booking, payment) = paid(&app, &student).await;
    app.mentor(0).cancel(booking.id).await.ok::<BookingView>();
    wait_for(&student, payment.id, PaymentStatus::Refunded).await;
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_cancellation_and_a_refund_at_once_give_it_back_once() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    for _ in 0..5 {
        let (booking, payment) = paid(&app, &student).await;
        let (cancelled, refunded) =
            tokio::join!(student.cancel(booking.id), student.refund(payment.id));
        assert!([200, 409].contains(&cancelled.status), "{cancelled:?}");
        refunded.ok::<PaymentView>();
        wait_for(&student, payment.id, PaymentStatus::Refunded).await;
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn once_the_lesson_has_begun_only_an_admin_gives_money_back() {
    let app = TestApp::with(&[REQUIRED])
        .after_sql(&format!(
            "update app_user set role = 'admin' where id = '{}'",
            student_id(9)
        ))
        .start()
        .await;
    let student = app.student(1);
    let (booking, payment) = paid(&app, &student).await;
    let (id, slot) = (booking.id, booking.slot_id);
    app.db
        .execute(&format!(
            "update booking set scheduled_at = scheduled_at - interval '900 days',
                                ends_at = ends_at - interval '900 days'
             where id = '{id}';
             update slot set starts_at = starts_at - interval '900 days',
                             ends_at = ends_at - interval '900 days'
             where id = '{slot}'"
        ))
        .await;
    student
        .refund(payment.id)
        .await
        .refused(Code::BookingNotActive);
    let admin = app.person(student_id(9), Role::Admin);
    admin.refund(payment.id).await.ok::<PaymentView>();
    wait_for(&student, payment.id, PaymentStatus::Refunded).await;
    let kept: BookingView = student.booking(id).await.ok();
    assert_eq!(kept.status, BookingStatus::Confirmed);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_that_begins_while_its_refund_waits_stays_paid() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[REQUIRED]).with_clock(&clock).start().await;
    let student = app.student(1);
    let (booking, payment) = paid(&app, &student).await;
    let marking = begin_mark(&app.db, booking.id).await;
    let id = payment.id;
    let refunding = tokio::spawn(async move { student.refund(id).await });
    app.db.wait_for_blocked(1).await;
    clock.advance(booking.scheduled_at - clock.now());
    marking.commit().await.unwrap();
    let answer = refunding.await.unwrap();
    answer.refused(Code::BookingNotActive);
    let student = app.student(1);
    let kept: BookingView = student.booking(booking.id).await.ok();
    assert_eq!(kept, booking);
    let kept: PaymentView = student.payment(id).await.ok();
    assert_eq!(kept, payment);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn what_was_not_captured_is_not_given_back() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let payment = made(&student, &booking).await;
    student
        .refund(payment.id)
        .await
        .refused(Code::PaymentNotOpen);
    app.lab().audits_clean().await;
    app.finish().await;
}
