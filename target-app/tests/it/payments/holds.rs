//! Holds that are not paid in time.

use std::time::Duration;

use chrono::TimeDelta;
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        payments::{EventOutcome, PaymentEventKind, PaymentStatus},
    },
    page::Page,
    problem::Code,
    time::Millis,
    timing::ServerCount,
};
use target_app::{clock::Clock, config::ProviderBehaviour};

use super::step::{REQUIRED, deliver, event, held, made, wait_for};
use crate::support::{NewSlot, TestApp, together};

/// Waits until no hold is left.
async fn released(app: &TestApp) {
    for _ in 0..1_500 {
        if app.db.count("select count(*) from booking_hold").await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the holds should be released by now");
}

#[tokio::test]
async fn expired_holds_are_released_once_by_two_workers_and_their_places_are_free_again() {
    const GROUPS: usize = 4;
    const PLACES: i32 = 15;
    let app = TestApp::with(&[REQUIRED, "bookings.hold=2s"])
        .with_payment_interval(Duration::from_millis(10))
        .start()
        .await;
    let sibling = app.sibling().await;
    let mut slots = Vec::new();
    for _ in 0..GROUPS {
        slots.push(NewSlot::group(PLACES).create(&app.db).await);
    }
    let pairs = slots
        .iter()
        .flat_map(|slot| (0..PLACES as u32).map(|n| (*slot, n)));
    let answers = together(pairs.map(|(slot, n)| {
        let student = app.student(n);
        async move { student.book(slot).await }
    }))
    .await;
    for answer in &answers {
        answer.created::<BookingView>();
    }
    released(&app).await;
    let cancelled = "select count(*) from booking where payment_required and status = 'cancelled'";
    let wanted = GROUPS as i64 * i64::from(PLACES);
    assert_eq!(app.db.count(cancelled).await, wanted);
    for slot in &slots {
        let taken = format!("select booked::bigint from slot where id = '{slot}'");
        assert_eq!(app.db.count(&taken).await, 0);
    }
    app.student(20)
        .book(slots[0])
        .await
        .created::<BookingView>();
    app.lab().audits_clean().await;
    sibling.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_capture_that_comes_after_the_release_is_given_back() {
    let clock = Clock::manual(Clock::system().now());
    let app = TestApp::with(&[REQUIRED, "bookings.hold=1m"])
        .with_clock(&clock)
        .start()
        .await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let payment = made(&student, &booking).await;
    clock.advance(TimeDelta::minutes(2));
    student
        .pay(booking.id)
        .await
        .refused(Code::BookingNotActive);
    released(&app).await;
    let gone: BookingView = student.booking(booking.id).await.ok();
    assert_eq!(gone.status, BookingStatus::Cancelled);
    student
        .confirm(payment.id)
        .await
        .refused(Code::BookingNotActive);

    let captured = event(&payment, PaymentEventKind::Captured);
    assert_eq!(deliver(&app, &captured).await, EventOutcome::Applied);
    let refunded = wait_for(&student, payment.id, PaymentStatus::Refunded).await;
    assert_eq!(refunded.captured_cents, refunded.refunded_cents);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_hold_that_is_cancelled_is_none_any_more() {
    let app = TestApp::with(&[REQUIRED]).start().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let cancelled: BookingView = student.cancel(booking.id).await.ok();
    assert_eq!(cancelled.hold_expires_at, None);
    assert_eq!(app.db.count("select count(*) from booking_hold").await, 0);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_release_that_the_end_of_its_process_meets_is_finished_and_shows_in_other_instances() {
    let clock = Clock::manual(Clock::system().now());
    let settings = [
        REQUIRED,
        "bookings.hold=2h",
        "cache.bookings=redis",
        "cache.users=off",
        "notifications.write=on",
    ];
    let app = TestApp::with(&settings)
        .with_payment_interval(Duration::from_millis(20))
        .with_clock(&clock)
        .start()
        .await;
    // By its clock nothing expires: the other one alone releases.
    let other = app.sibling().await;
    let student = app.student(1);
    let booking = held(&app, &student).await;
    let reader = other.person(&student);
    let shown = async || {
        let answer = reader.bookings("per_page=100").await;
        let cached = answer.timing().counts[ServerCount::Hits] > 0;
        let page: Page<BookingView> = answer.ok();
        let found = page.items.into_iter().find(|one| one.id == booking.id);
        (found.expect("it stays in the list").status, cached)
    };
    shown().await;
    assert_eq!(shown().await, (BookingStatus::Confirmed, true));

    // The notification of the release refers to the student, and waits for this.
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("select from app_user where id = $1 for update")
        .bind(student.id.0)
        .execute(&mut *gate)
        .await
        .unwrap();
    clock.advance(TimeDelta::hours(3));
    app.db.wait_for_blocked(1).await;
    app.stop();
    // The worker is told, and ends.
    tokio::time::sleep(Duration::from_millis(300)).await;
    gate.rollback().await.unwrap();
    released(&app).await;
    let mut last = shown().await;
    for _ in 0..1_500 {
        if last.0 == BookingStatus::Cancelled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        last = shown().await;
    }
    assert_eq!(last.0, BookingStatus::Cancelled, "from a cache: {}", last.1);
    other.lab().audits_clean().await;
    other.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_slow_to_take_refunds_keeps_no_hold_beyond_its_time() {
    const REFUNDS: i64 = 20;
    let clock = Clock::manual(Clock::system().now());
    let app = TestApp::with(&[REQUIRED, "bookings.hold=1m"])
        .with_payment_interval(Duration::from_millis(20))
        .with_provider(ProviderBehaviour {
            latency: Millis(1_000),
            ..ProviderBehaviour::default()
        })
        .with_clock(&clock)
        .start()
        .await;
    held(&app, &app.student(1)).await;
    // As many as one round asks for, each of which the provider takes a second for.
    app.db
        .execute(&format!(
            "with paid as (
                 insert into payment
                     (id, booking_id, student_id, amount_cents, status, captured_cents, reference)
                 select new.id, b.id, b.student_id, 4500, 'refunding', 4500, 'fake_' || new.id || '_4500'
                 from (select * from booking order by id limit 1) b,
                      (select gen_random_uuid() as id from generate_series(1, {REFUNDS})) new
                 returning id
             )
             insert into payment_refund (payment_id, due_at)
             select id, now() - interval '1 hour'
             from paid"
        ))
        .await;
    let asked = "select count(*) from payment_refund where attempts > 0";
    for _ in 0..6_000 {
        if app.db.count(asked).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    clock.advance(TimeDelta::minutes(2));
    released(&app).await;
    let taken = "select count(*) from payment where status = 'refunded'";
    let before = app.db.count(taken).await;
    assert!(before < REFUNDS / 2, "{before} refunds were waited for");
    app.finish().await;
}
