//! A booking is a hold until it is paid.

use shared::time::Millis;
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        payments::{PaymentStatus, PaymentView},
    },
    money::Cents,
    page::Page,
    paths::{self, with_id},
    problem::Code,
    timing::ServerCount,
};
use target_app::config::ProviderBehaviour;

use super::step::{REQUIRED, held, made, sent_again, wait_for};
use crate::support::{NewSlot, TestApp, right_strategies, together};

#[tokio::test]
async fn a_confirmed_payment_is_captured_and_the_booking_is_no_hold_any_more() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[REQUIRED, &format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let student = app.student(1);
        let booking = held(&app, &student).await;
        assert_eq!(booking.status, BookingStatus::Confirmed);
        let listed: Page<BookingView> = student.bookings("per_page=100").await.ok();
        assert!(listed.items.contains(&booking));

        let answer = student.pay(booking.id).await;
        let payment: PaymentView = answer.created();
        assert_eq!(payment.status, PaymentStatus::Created);
        assert_eq!(payment.amount_cents, Cents(4_500));
        assert_eq!(
            answer.header("location"),
            with_id(paths::PAYMENT, payment.id)
        );

        student.confirm(payment.id).await.ok::<PaymentView>();
        let captured = wait_for(&student, payment.id, PaymentStatus::Captured).await;
        assert_eq!(captured.captured_cents, Cents(4_500));
        assert_eq!(captured.refunded_cents, Cents(0));
        let booking: BookingView = student.booking(booking.id).await.ok();
        assert_eq!(booking.hold_expires_at, None);
        // Doing it again changes nothing.
        let again: PaymentView = student.confirm(payment.id).await.ok();
        assert_eq!(again, captured);
        student.pay(booking.id).await.refused(Code::PaymentNotDue);
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn without_the_switch_and_for_a_lesson_that_costs_nothing_there_is_no_hold() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    assert_eq!(booking.hold_expires_at, None);
    student.pay(booking.id).await.refused(Code::PaymentNotDue);
    app.finish().await;

    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let free = format!("update slot set price_cents = 0 where id = '{slot}'");
    app.db.execute(&free).await;
    let booking: BookingView = student.book(slot).await.created();
    assert_eq!(booking.hold_expires_at, None);
    student.pay(booking.id).await.refused(Code::PaymentNotDue);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_capture_shows_in_the_students_next_list_and_leaves_the_lists_of_others_cached() {
    for store in ["memory", "redis"] {
        let app = TestApp::with(&[REQUIRED])
            .with_every_cache(store)
            .start()
            .await;
        let (ann, bob) = (app.student(1), app.student(2));
        let (booking, _) = super::step::paid(&app, &ann).await;
        let held = held(&app, &ann).await;
        let list = async |who: &crate::support::Person| who.bookings("per_page=100").await;
        let of_ann: Page<BookingView> = list(&ann).await.ok();
        assert!(of_ann.items.contains(&held) && of_ann.items.contains(&booking));
        list(&bob).await.ok::<Page<BookingView>>();

        let payment = made(&ann, &held).await;
        ann.confirm(payment.id).await.ok::<PaymentView>();
        wait_for(&ann, payment.id, PaymentStatus::Captured).await;
        let of_ann: Page<BookingView> = list(&ann).await.ok();
        let now = of_ann.items.iter().find(|one| one.id == held.id).unwrap();
        assert_eq!(now.hold_expires_at, None, "{store}");
        let of_bob = list(&bob).await;
        assert!(of_bob.timing().counts[ServerCount::Hits] > 0, "{store}");
        app.finish().await;
    }
}

#[tokio::test]
async fn payments_are_listed_newest_first_and_paged() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let mut all = Vec::new();
    for _ in 0..5 {
        let booking = held(&app, &student).await;
        all.insert(0, made(&student, &booking).await);
    }
    let listed: Vec<PaymentView> = student.all_pages(paths::PAYMENTS, 2).await;
    assert_eq!(listed, all);
    for wrong in ["page=0", "per_page=101", "status=created"] {
        let answer = student.get(&format!("{}?{wrong}", paths::PAYMENTS)).await;
        answer.refused(Code::InvalidRequest);
    }
    app.finish().await;
}

#[tokio::test]
async fn duplicate_late_reordered_and_declined_payments_of_the_provider_end_right() {
    let behaviour = ProviderBehaviour {
        latency: Millis(1),
        failure: 0.1,
        // Of twenty, some end one way and some the other: but for one run in half a million.
        declined: 0.5,
        duplicates: 0.5,
        late: 0.3,
        late_by: Millis(100),
        reordered: 0.5,
        seed: 7,
    };
    let app = TestApp::with(&[REQUIRED])
        .with_provider(behaviour)
        .start()
        .await;
    let app_ref = &app;
    let ends = together((0..20).map(|n| async move {
        let student = app_ref.student(n % 10);
        let booking = held(app_ref, &student).await;
        let paying = sent_again(async || student.pay(booking.id).await).await;
        let payment: PaymentView = paying.created();
        let confirmed = sent_again(async || student.confirm(payment.id).await).await;
        confirmed.ok::<PaymentView>();
        for _ in 0..1_500 {
            let seen: PaymentView = student.payment(payment.id).await.ok();
            if seen.status >= PaymentStatus::Failed {
                return seen.status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{} is not decided", payment.id);
    }))
    .await;
    assert!(ends.contains(&PaymentStatus::Captured), "{ends:?}");
    assert!(ends.contains(&PaymentStatus::Failed), "{ends:?}");
    app.lab().audits_clean().await;
    app.finish().await;
}
