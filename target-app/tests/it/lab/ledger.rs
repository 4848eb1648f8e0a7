//! The audit joined with a client's ledger: clean if the database holds what was acknowledged, and
//! each difference reported by name.

use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use shared::{
    api::{bookings::BookingView, notifications::NotificationView},
    dataset::{RowKind, id},
    ids::{RoomId, SlotId, UserId},
    invariant::AuditReport,
    ledger::{BookingEntry, BookingOutcome, Ledger, MessageEntry, ReadEntry},
    page::Page,
    paths,
    problem::Code,
};
use target_app::clock::Clock;

use crate::support::{Answer, ChatSocket, NewSlot, Person, TestApp, send};

fn entry(student: UserId, slot: SlotId, answer: &Answer) -> BookingEntry {
    let (booking, outcome) = match answer.status {
        201 => (
            Some(answer.created::<BookingView>().id),
            BookingOutcome::Booked,
        ),
        409 => (None, BookingOutcome::Full),
        _ => (None, BookingOutcome::InDoubt),
    };
    BookingEntry {
        student,
        slot,
        booking,
        outcome,
    }
}

/// A notification of a person's that they have marked read.
async fn mark_one(app: &TestApp, person: &Person) -> ReadEntry {
    let sql = format!(
        "insert into notification (id, user_id, kind, booking_id, created_at)
         select gen_random_uuid(), student_id, 'booking_moved', id, now()
         from booking where student_id = '{}' limit 1",
        person.id
    );
    app.db.execute(&sql).await;
    let page: Page<NotificationView> = person.get(paths::NOTIFICATIONS).await.ok();
    let notification = page.items[0].id;
    let path = paths::with_id(paths::NOTIFICATION_READ, notification);
    send(person.request(Method::POST, &path))
        .await
        .ok::<NotificationView>();
    ReadEntry {
        reader: person.id,
        notification,
        acknowledged: true,
    }
}

/// One student has a place, another got `slot_full`, a message was acknowledged.
async fn one_of_each(app: &TestApp) -> Ledger {
    let slot = NewSlot::single().create(&app.db).await;
    let (ann, bob) = (app.student(5), app.student(6));
    let bookings = vec![
        entry(ann.id, slot, &ann.book(slot).await),
        entry(bob.id, slot, &bob.book(slot).await),
    ];
    let room = RoomId(id(RowKind::Room, 5));
    let mut socket = ChatSocket::open(app.address, &ann.token).await;
    socket.join(room, None).await;
    let (seq, _) = socket.send_and_hear(room, "c-1", "hello").await;
    Ledger {
        bookings,
        messages: vec![MessageEntry {
            room,
            sender: ann.id,
            client_id: "c-1".to_owned(),
            seq: Some(seq),
        }],
        reads: vec![mark_one(app, &ann).await],
        omitted: 0,
    }
}

fn broken(report: &AuditReport) -> Vec<&str> {
    report.broken().map(|one| one.name.as_str()).collect()
}

#[tokio::test]
async fn what_was_acknowledged_is_what_the_database_holds() {
    let app = TestApp::start().await;
    let ledger = one_of_each(&app).await;
    let report = app.lab().audit_with(ledger).await.ok::<AuditReport>();
    assert!(broken(&report).is_empty(), "{:?}", broken(&report));
    let plain = app.lab().audit().await;
    assert_eq!(report.invariants.len(), plain.invariants.len() + 6);
    app.finish().await;
}

#[tokio::test]
async fn lost_phantom_and_wrong_writes_are_reported_by_name() {
    type Change = fn(&mut Ledger);
    let nothing: Change = |_| {};
    let cases: [(&str, &str, Change); 8] = [
        (
            "acknowledged_booking_kept",
            "delete from booking where created_at > (select seeded_at from dataset)",
            nothing,
        ),
        (
            "acknowledged_booking_kept",
            "update booking set status = 'cancelled', cancelled_at = now()
             where created_at > (select seeded_at from dataset)",
            nothing,
        ),
        ("acknowledged_booking_kept", "", |ledger| {
            ledger.bookings[0].outcome = BookingOutcome::Cancelled;
        }),
        ("no_phantom_booking", "", |ledger| {
            ledger.bookings[0].booking = None;
            ledger.bookings[0].outcome = BookingOutcome::Refused;
        }),
        (
            "full_was_full",
            "update booking set status = 'cancelled', cancelled_at = now()
             where created_at > (select seeded_at from dataset)",
            nothing,
        ),
        (
            "acknowledged_message_kept",
            "delete from chat_message where client_id = 'c-1'",
            nothing,
        ),
        ("no_phantom_message", "", |ledger| ledger.messages.clear()),
        (
            "acknowledged_read_kept",
            "update notification set read_at = null",
            nothing,
        ),
    ];
    let app = TestApp::start().await;
    let ledger = one_of_each(&app).await;
    // What is only in the ledger first: the rows are still as the client made them.
    for (name, sql, change) in cases.iter().filter(|case| case.1.is_empty()) {
        let mut changed = ledger.clone();
        change(&mut changed);
        let report = app.lab().audit_with(changed).await.ok::<AuditReport>();
        assert_eq!(broken(&report), [*name], "{sql}");
    }
    app.finish().await;
    for (name, sql, _) in cases.iter().filter(|case| !case.1.is_empty()) {
        let app = TestApp::start().await;
        let ledger = one_of_each(&app).await;
        app.db.execute(sql).await;
        let report = app.lab().audit_with(ledger).await.ok::<AuditReport>();
        assert!(
            broken(&report).contains(name),
            "{name}: {:?}",
            broken(&report)
        );
        app.finish().await;
    }
}

#[tokio::test]
async fn a_hold_released_unpaid_is_no_lost_booking_and_one_cancelled_otherwise_is() {
    let clock = Clock::manual(Clock::system().now());
    let app = TestApp::with(&["bookings.payment=required", "bookings.hold=1m"])
        .with_clock(&clock)
        .start()
        .await;
    let slot = NewSlot::single().create(&app.db).await;
    let (ann, bob) = (app.student(5), app.student(6));
    let bookings = vec![
        entry(ann.id, slot, &ann.book(slot).await),
        entry(bob.id, slot, &bob.book(slot).await),
    ];
    assert_eq!(bookings[0].outcome, BookingOutcome::Booked);
    assert_eq!(bookings[1].outcome, BookingOutcome::Full);
    let ledger = Ledger {
        bookings,
        ..Ledger::default()
    };
    clock.advance(TimeDelta::minutes(2));
    let released = format!(
        "select count(*) from booking where slot_id = '{slot}' and released_at is not null"
    );
    for _ in 0..1_500 {
        if app.db.count(&released).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.db.count(&released).await, 1);
    let audit = async || {
        let report = app.lab().audit_with(ledger.clone()).await;
        report.ok::<AuditReport>()
    };
    let report = audit().await;
    assert!(broken(&report).is_empty(), "{:?}", broken(&report));
    // One that had not to be paid is released by nobody.
    for change in ["payment_required = false", "released_at = null"] {
        let sql = format!("update booking set {change} where slot_id = '{slot}'");
        app.db.execute(&sql).await;
        let report = audit().await;
        assert!(
            broken(&report).contains(&"acknowledged_booking_kept"),
            "{change}: {:?}",
            broken(&report)
        );
    }
    assert!(broken(&audit().await).contains(&"full_was_full"));
    app.finish().await;
}

#[tokio::test]
async fn a_rescheduled_booking_is_expected_in_its_new_slot_and_a_change_in_doubt_in_either() {
    let app = TestApp::start().await;
    let from = NewSlot::single().create(&app.db).await;
    let to = NewSlot::single().create(&app.db).await;
    let (ann, bob) = (app.student(5), app.student(6));
    let mut bookings = vec![
        entry(ann.id, from, &ann.book(from).await),
        entry(bob.id, from, &bob.book(from).await),
    ];
    let id = bookings[0].booking.unwrap();
    ann.reschedule(id, to).await.ok::<BookingView>();
    bookings[0].outcome = BookingOutcome::Moved;
    bookings.push(BookingEntry {
        student: ann.id,
        slot: to,
        booking: Some(id),
        outcome: BookingOutcome::Booked,
    });
    let acknowledged = Ledger {
        bookings,
        ..Ledger::default()
    };
    let mut doubtful = acknowledged.clone();
    doubtful.bookings[0].outcome = BookingOutcome::MoveInDoubt;
    doubtful.bookings[2].outcome = BookingOutcome::InDoubt;
    doubtful.bookings[2].booking = None;
    let audit = async |ledger: &Ledger| {
        let report = app.lab().audit_with(ledger.clone()).await;
        report.ok::<AuditReport>()
    };
    for ledger in [&acknowledged, &doubtful] {
        let report = audit(ledger).await;
        assert!(broken(&report).is_empty(), "{:?}", broken(&report));
    }
    // The change is lost: the booking is where it was.
    ann.reschedule(id, from).await.ok::<BookingView>();
    let report = audit(&acknowledged).await;
    assert_eq!(broken(&report), ["acknowledged_booking_kept"]);
    let report = audit(&doubtful).await;
    assert!(broken(&report).is_empty(), "{:?}", broken(&report));
    app.finish().await;
}

#[tokio::test]
async fn a_write_in_doubt_may_be_there_once_and_a_ledger_with_gaps_calls_nothing_a_phantom() {
    let app = TestApp::start().await;
    let mut ledger = one_of_each(&app).await;
    ledger.bookings[0].booking = None;
    ledger.bookings[0].outcome = BookingOutcome::InDoubt;
    ledger.messages[0].seq = None;
    let report = app
        .lab()
        .audit_with(ledger.clone())
        .await
        .ok::<AuditReport>();
    assert!(broken(&report).is_empty(), "{:?}", broken(&report));
    ledger.bookings.clear();
    ledger.messages.clear();
    ledger.omitted = 1;
    let report = app
        .lab()
        .audit_with(ledger.clone())
        .await
        .ok::<AuditReport>();
    assert!(broken(&report).is_empty(), "{:?}", broken(&report));
    ledger.omitted = 0;
    let report = app.lab().audit_with(ledger).await.ok::<AuditReport>();
    assert_eq!(
        broken(&report),
        ["no_phantom_booking", "no_phantom_message"]
    );
    app.finish().await;
}

#[tokio::test]
async fn a_ledger_larger_than_ordinary_bodies_is_taken_and_what_is_no_ledger_refused() {
    let app = TestApp::start().await;
    let entry = BookingEntry {
        student: app.student(5).id,
        slot: SlotId(id(RowKind::RaceSlot, 0)),
        booking: None,
        outcome: BookingOutcome::Refused,
    };
    let ledger = Ledger {
        bookings: vec![entry; 2_000],
        ..Ledger::default()
    };
    let report = app.lab().audit_with(ledger).await.ok::<AuditReport>();
    assert_eq!(report.violations(), 0);
    let wrong = serde_json::json!({"ledger": {"bookings": 3}});
    let refused = app.lab().post(paths::LAB_AUDIT, &wrong).await;
    refused.refused(Code::InvalidRequest);
    let large = "x".repeat(100_000);
    let refused = app.anonymous().post(paths::LAB_AUDIT, &large).await;
    refused.refused(Code::Unauthenticated);
    app.finish().await;
}
