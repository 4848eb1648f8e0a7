//! Every operation is done with the one connection of its request: with a pool of one it never
//! waits for a second while it holds the first.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::{
    api::{
        auth::{Role, Session, TokenPair},
        bookings::BookingView,
        payments::{PaymentEvent, PaymentEventKind, PaymentView},
        recordings::{PlaybackLink, RecordingView},
    },
    dataset::{PASSWORD, RowKind, id, student_email},
    ids::{MentorId, RoomId},
    page::Page,
    paths,
};

use crate::support::{Answer, ChatSocket, Lesson, NewSlot, TestApp, right_strategies};

/// Changes of the profile that change which statements an operation sends. Each stays in force
/// until another one changes the same switch, so that later ones meet different neighbours.
fn variants() -> Vec<Map<String, Value>> {
    let one = |switch: &str, value: &str| Map::from_iter([(switch.to_owned(), json!(value))]);
    let table: [(&str, &[&str]); 13] = [
        ("mentors.query", &["n_plus_one", "joined"]),
        ("mentors.pagination", &["offset", "keyset"]),
        ("mentors.total", &["exact", "none"]),
        ("auth.login_queries", &["sequential", "joined"]),
        ("auth.placement", &["inline", "blocking", "bounded(1)"]),
        ("bookings.idempotency", &["on", "off"]),
        ("bookings.payment", &["off", "required"]),
        ("chat.persistence", &["per_message", "batched"]),
        ("cache.invalidation", &["ttl_only", "delete", "versioned"]),
        ("cache.single_flight", &["on", "off"]),
        ("cache.early_refresh", &["on", "off"]),
        ("cache.negative", &["off", "5s"]),
        ("db.statement_cache", &["off", "on"]),
    ];
    let mut all = Vec::new();
    for (switch, values) in table {
        all.extend(values.iter().map(|value| one(switch, value)));
    }
    all.extend(right_strategies().map(|strategy| one("bookings.strategy", strategy)));
    for store in ["off", "memory", "redis", "tiered"] {
        let kinds = ["mentors", "bookings", "users"];
        let stores = kinds.map(|kind| (format!("cache.{kind}"), json!(store)));
        all.push(Map::from_iter(stores));
    }
    all
}

/// Sends every operation, one after another; returns the operations that were sent.
async fn every_operation(app: &TestApp, variant: &str) -> BTreeSet<&'static str> {
    let mut sent = BTreeSet::new();
    let mut done = |operation: &'static str, answer: Answer| {
        assert!(
            answer.status < 400,
            "{operation} under {variant}: {} {}",
            answer.status,
            answer.text()
        );
        sent.insert(operation);
        answer
    };
    let anyone = app.anonymous();
    let (student, mentor) = (app.student(1), app.mentor(0));
    let mentor_id = MentorId(id(RowKind::Mentor, 0));
    let room = RoomId(id(RowKind::Room, 1));

    let email = format!("{}@example.org", uuid::Uuid::now_v7());
    let new = anyone.register(&email, "a password of mine", Role::Mentor);
    done("auth.register", new.await);
    let answer = done(
        "auth.login",
        anyone.login(&student_email(1), PASSWORD).await,
    );
    let session: Session = answer.ok();
    let token = &session.tokens.refresh_token;
    let answer = done("auth.refresh", anyone.refresh(token).await);
    let next: TokenPair = answer.ok();
    done("auth.logout", anyone.logout(&next.refresh_token).await);
    done("auth.me", student.me().await);

    done("mentors.list", anyone.mentors("").await);
    done("mentors.list", anyone.mentors("q=rust&page=2").await);
    done("mentors.detail", anyone.mentor(mentor_id).await);
    done(
        "mentors.availability",
        anyone.availability(mentor_id, "").await,
    );
    done("mentors.list_reviews", anyone.reviews(mentor_id, "").await);
    let lesson = Lesson {
        student: 1,
        mentor: 0,
    };
    lesson.create(&app.db).await;
    let review = student.review(mentor_id, 5, "clear").await;
    done("mentors.create_review", review);
    let update = mentor.update_own(json!({"headline": "Rust"})).await;
    done("mentors.update_own", update);
    done("mentors.set_active", mentor.set_active(true).await);

    let slot = NewSlot::single().create(&app.db).await;
    let key = uuid::Uuid::now_v7().to_string();
    let answer = done("bookings.create", student.book_with_key(slot, &key).await);
    let booking: BookingView = answer.created();
    // A refusal writes to the log of conflicts.
    assert_eq!(app.student(2).book(slot).await.status, 409);
    done("bookings.list_mine", student.bookings("page=2").await);
    done("bookings.list_mine", mentor.bookings("").await);
    done("bookings.get", student.booking(booking.id).await);
    done("bookings.cancel", student.cancel(booking.id).await);
    if booking.hold_expires_at.is_some() {
        pay(app, &mut done).await;
    }

    let answer = done("recordings.list", student.recordings("").await);
    done("recordings.list", mentor.recordings("page=2").await);
    let page: Page<RecordingView> = answer.ok();
    let recording = page.items[0].id;
    done("recordings.get", student.recording(recording).await);
    let answer = done("recordings.playback", student.playback(recording).await);
    let link: PlaybackLink = answer.ok();
    done("recordings.stream", anyone.get(&link.url).await);

    done("chat.rooms", student.rooms().await);
    done("chat.history", student.history(room, "").await);
    let mut socket = ChatSocket::open(app.address, &student.token).await;
    socket.join(room, Some(0)).await;
    let name = uuid::Uuid::now_v7().to_string();
    let (first, _) = socket.send_and_hear(room, &name, "hello").await;
    let (again, _) = socket.send_and_hear(room, &name, "hello").await;
    assert_eq!(first, again);
    socket.drop_connection();
    sent.insert("chat.socket");
    sent
}

/// Books, pays, and gets the money back.
async fn pay(app: &TestApp, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    let answer = done("payments.intent", student.pay(booking.id).await);
    let payment: PaymentView = answer.created();
    done("payments.get", student.payment(payment.id).await);
    done("payments.mine", student.get(paths::PAYMENTS).await);
    done("payments.confirm", student.confirm(payment.id).await);
    let event = PaymentEvent {
        id: payment.id.to_string(),
        kind: PaymentEventKind::Captured,
        payment_id: payment.id,
        amount_cents: payment.amount_cents,
    };
    done("payments.webhook", app.webhook(&event).await);
    done("payments.refund", student.refund(payment.id).await);
}

#[tokio::test]
async fn every_operation_needs_one_connection_under_every_variant() {
    let app = TestApp::with(&[
        "pool.max=1",
        "pool.acquire_timeout=2s",
        "bookings.payment=required",
    ])
    .start()
    .await;
    let document: Value = app.anonymous().get(paths::OPENAPI).await.ok();
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, _)| path.starts_with(paths::API))
        .flat_map(|(_, item)| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    for checkout in ["per_query", "per_request"] {
        for variant in variants() {
            let mut changes = variant.clone();
            changes.insert("pool.checkout".to_owned(), checkout.into());
            let changed = app.lab().put_profile(Value::Object(changes)).await;
            assert_eq!(changed.status, 200, "{variant:?}: {}", changed.text());
            let sent = every_operation(&app, &format!("{checkout} {variant:?}")).await;
            // Without holds nothing is to be paid.
            let unpaid = variant.get("bookings.payment") == Some(&json!("off"));
            let expected = described.iter().copied();
            let expected: BTreeSet<&str> = expected
                .filter(|operation| !(unpaid && operation.starts_with("payments.")))
                .collect();
            assert_eq!(sent, expected);
        }
    }
    assert_eq!(app.lab().telemetry().await.pool.timeouts, 0);
    app.finish().await;
}
