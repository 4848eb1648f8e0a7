//! Every operation is done with the one connection of its request: with a pool of one it never
//! waits for a second while it holds the first.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use shared::{
    api::{
        auth::{Role, Session, TokenPair},
        bookings::BookingView,
        notifications::NotificationView,
        payments::{PaymentEvent, PaymentEventKind, PaymentView},
        recordings::{PlaybackLink, RecordingView},
        sessions::{JoinGrant, SessionView},
    },
    dataset::{COURSE_LESSONS, PASSWORD, QUIZ_QUESTIONS, RowKind, id, student_email},
    ids::{MentorId, RoomId, UserId},
    page::Page,
    paths::{self, with_id},
    profile::{Checkout, Profile, SWITCHES, Store, SwitchValue as _},
};

use crate::courses::step::{attempt, complete_lesson, course, enrol, lesson, post, submit};
use crate::payments::step::sent_again;
use crate::sessions::step as sessions;
use crate::support::{
    Answer, ChatSocket, Lesson, NewSlot, ReplicaTurn, SignalEnd, TestApp, together,
};

/// Switches that change neither which statements an operation sends nor on which connection. All
/// others are varied, those that will be added too.
const UNRELATED: [&str; 4] = [
    "auth.hash",
    "db.synchronous_commit",
    "http.admission",
    "http.compression",
];

/// Whether a switch is not varied by itself: `pool.checkout` is, with each of the others.
fn is_left_out(path: &str) -> bool {
    UNRELATED.contains(&path) || path.starts_with("index.") || path == "pool.checkout"
}

/// Changes of the profile: each form of each switch. A change stays in force until another one
/// changes the same switch, so that later ones meet different neighbours.
fn variants() -> Vec<Map<String, Value>> {
    let forms = |path: &str| Profile::forms(path).unwrap();
    let related = SWITCHES.iter().map(|switch| switch.path);
    let related = related.filter(|path| !is_left_out(path));
    // The stores of all kinds of values change together.
    let (stores, others): (Vec<&str>, Vec<&str>) =
        related.partition(|path| forms(path) == Store::forms());
    let one = |paths: &[&str], value: &str| -> Map<String, Value> {
        let changes = paths.iter().map(|path| ((*path).to_owned(), json!(value)));
        let mut changes: Map<String, Value> = changes.collect();
        // PgBouncer before 1.21 keeps no prepared statements in transaction mode.
        match (paths, value) {
            (["db.via"], "pgbouncer") => changes.insert("db.statement_cache".into(), "off".into()),
            (["db.statement_cache"], "on") => changes.insert("db.via".into(), "direct".into()),
            _ => None,
        };
        changes
    };
    let mut all = Vec::new();
    for path in others {
        all.extend(forms(path).iter().map(|value| one(&[path], value)));
    }
    all.extend(Store::forms().iter().map(|store| one(&stores, store)));
    all
}

/// Sends every operation, one after another; returns the operations that were sent.
async fn every_operation(app: &TestApp, variant: &str, round: u32) -> BTreeSet<&'static str> {
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
    let other = NewSlot::single().create(&app.db).await;
    let rescheduled = student.reschedule(booking.id, other).await;
    done("bookings.reschedule", rescheduled);
    done("bookings.cancel", student.cancel(booking.id).await);
    if booking.hold_expires_at.is_some() {
        pay(app, &mut done).await;
    }
    rearrange(app, &mut done).await;
    learn(app, round, &mut done).await;
    look(app, &mut done).await;
    give_class(app, &mut done).await;
    oversee(app, &mut done).await;

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
    sent.extend(["chat.socket", "sessions.signal"]);
    sent
}

/// Reads a calendar and moves an event of it.
async fn rearrange(app: &TestApp, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let mentor = app.mentor(0);
    let slot = NewSlot::single();
    let id = slot.create(&app.db).await;
    let span = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";
    done("calendar.range", mentor.calendar(span).await);
    done("calendar.week", mentor.get(paths::CALENDAR_WEEK).await);
    let later = slot.starts_at() + TimeDelta::minutes(30);
    done("calendar.move", mentor.move_event(id, later).await);
}

/// Opens the dashboards, looks at a student and marks who came to a lesson.
async fn oversee(app: &TestApp, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let (student, mentor) = (app.student(1), app.mentor(0));
    let admin = app.person(UserId(id(RowKind::Admin, 0)), Role::Admin);
    for (operation, person, path) in [
        ("dashboards.admin", &admin, paths::DASHBOARD_ADMIN),
        ("dashboards.mentor", &mentor, paths::DASHBOARD_MENTOR),
        ("dashboards.student", &student, paths::DASHBOARD_STUDENT),
        ("students.list", &mentor, paths::STUDENTS),
    ] {
        done(operation, person.get(path).await);
    }
    let of = |template| with_id(template, student.id);
    done("students.detail", admin.get(&of(paths::STUDENT)).await);
    let booking = Lesson {
        student: 1,
        mentor: 0,
    };
    let booking = booking.create(&app.db).await;
    let path = with_id(paths::ATTENDANCE_BOOKING, booking);
    let late = json!({"status": "late"});
    done("attendance.mark", mentor.put(&path, &late).await);
    let marks = json!({"marks": [{"booking_id": booking, "status": "present"}]});
    let marked = mentor.put(paths::ATTENDANCE, &marks).await;
    done("attendance.mark_all", marked);
    let summary = mentor.get(&of(paths::STUDENT_ATTENDANCE)).await;
    done("attendance.summary", summary);
}

/// Takes a course from the enrolment to its completion, as a student of this round alone: the
/// attempts of a course are limited.
async fn learn(app: &TestApp, round: u32, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let student = app.student(100 + round);
    let course = course(0);
    let at = |template| with_id(template, course);
    done("courses.list", student.get(paths::COURSES).await);
    done("courses.detail", student.get(&at(paths::COURSE)).await);
    done("courses.enrol", enrol(&student, 0).await);
    let enrolment = student.get(&at(paths::COURSE_ENROLMENT)).await;
    done("courses.enrolment", enrolment);
    done("courses.list_mine", student.get(paths::COURSES_MINE).await);
    let first = with_id(paths::LESSON, lesson(0, 1));
    done("courses.lesson", student.get(&first).await);
    for number in 1..=COURSE_LESSONS {
        let answer = complete_lesson(&student, 0, number).await;
        done("courses.complete_lesson", answer);
    }
    done(
        "courses.attempt_quiz",
        attempt(&student, 0, QUIZ_QUESTIONS).await,
    );
    done(
        "courses.submit",
        submit(&student, 0, "text/plain", b"done").await,
    );
    let submissions = student.get(&at(paths::COURSE_SUBMISSIONS)).await;
    done("courses.submissions", submissions);
    let completed = post(&student, paths::COURSE_COMPLETION, course).await;
    done("courses.complete", completed);
}

/// Reads notifications and marks them read.
async fn look(app: &TestApp, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let student = app.student(1);
    let sql = format!(
        "insert into notification (id, user_id, kind, booking_id, created_at)
         select gen_random_uuid(), student_id, 'booking_moved', id, now()
         from booking where student_id = '{}' limit 1",
        student.id
    );
    app.db.execute(&sql).await;
    let unread = student.get(paths::NOTIFICATIONS_UNREAD).await;
    done("notifications.unread", unread);
    let listed = student.get(paths::NOTIFICATIONS).await;
    let page: Page<NotificationView> = done("notifications.list", listed).ok();
    let one = post(&student, paths::NOTIFICATION_READ, page.items[0].id).await;
    done("notifications.read", one);
    let all = post(&student, paths::NOTIFICATIONS_READ, "").await;
    done("notifications.read_all", all);
}

/// Gives a class from its begin to its end, with its socket.
async fn give_class(app: &TestApp, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let (student, mentor) = sessions::participants(app, 1);
    let begun = sessions::initiate(&student, sessions::class(1)).await;
    let live: SessionView = done("sessions.initiate", begun).created();
    let read = sessions::session(&mentor, live.id).await;
    done("sessions.get", read);
    let joined = sessions::join(&mentor, live.id).await;
    let grant: JoinGrant = done("sessions.join", joined).ok();
    let socket = SignalEnd::try_open(app.address, &grant.url).await.unwrap();
    let ended = sessions::end(&student, live.id).await;
    done("sessions.end", ended);
    socket.drop_connection();
}

/// Books, pays, and gets the money back.
async fn pay(app: &TestApp, done: &mut impl FnMut(&'static str, Answer) -> Answer) {
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    // Where the provider is late on a busy machine it is asked again; a wait for a connection is counted.
    let paying = sent_again(async || student.pay(booking.id).await).await;
    let answer = done("payments.intent", paying);
    let payment: PaymentView = answer.created();
    done("payments.get", student.payment(payment.id).await);
    done("payments.mine", student.get(paths::PAYMENTS).await);
    let confirmed = sent_again(async || student.confirm(payment.id).await).await;
    done("payments.confirm", confirmed);
    let event = PaymentEvent {
        id: payment.id.to_string(),
        kind: PaymentEventKind::Captured,
        payment_id: payment.id,
        amount_cents: payment.amount_cents,
    };
    done("payments.webhook", app.webhook(&event).await);
    done("payments.refund", student.refund(payment.id).await);
}

/// Sends every operation under every variant, with that `pool.checkout`.
async fn under_every_variant(checkout: &str, turn: &ReplicaTurn) {
    let app = TestApp::with(&[
        "pool.max=1",
        "pool.acquire_timeout=30s",
        "bookings.payment=required",
        // Or `db.rls=on_unindexed` would be refused.
        "index.bookings_student=off",
        "index.bookings_mentor=off",
    ])
    .with_pooler()
    .with_replica()
    .in_turn(turn)
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
    for (round, variant) in (1..).zip(variants()) {
        let mut changes = variant.clone();
        changes.insert("pool.checkout".to_owned(), checkout.into());
        let changed = app.lab().put_profile(Value::Object(changes)).await;
        assert_eq!(changed.status, 200, "{variant:?}: {}", changed.text());
        let sent = every_operation(&app, &format!("{checkout} {variant:?}"), round).await;
        // Without holds nothing is to be paid.
        let unpaid = variant.get("bookings.payment") == Some(&json!("off"));
        let expected = described.iter().copied();
        let expected: BTreeSet<&str> = expected
            .filter(|operation| !(unpaid && operation.starts_with("payments.")))
            .collect();
        assert_eq!(sent, expected);
    }
    assert_eq!(app.lab().telemetry().await.pool.timeouts, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_needs_one_connection_under_every_variant() {
    // Side by side: each sends one request at a time, and would leave a processor idle.
    let turn = ReplicaTurn::take().await;
    let checkouts = Checkout::forms().into_iter();
    together(checkouts.map(|checkout| under_every_variant(checkout, &turn))).await;
}

#[test]
fn the_variants_hold_every_form_of_every_switch_and_leave_out_only_known_ones() {
    for path in UNRELATED {
        assert!(SWITCHES.iter().any(|switch| switch.path == path), "{path}");
    }
    let all = variants();
    for switch in SWITCHES {
        let tried: BTreeSet<&str> = all
            .iter()
            .filter_map(|changes| changes.get(switch.path)?.as_str())
            .collect();
        let forms = Profile::forms(switch.path).unwrap();
        let wanted = if is_left_out(switch.path) {
            BTreeSet::new()
        } else {
            forms.into_iter().collect()
        };
        assert_eq!(tried, wanted, "{}", switch.path);
    }
    for (path, values) in [
        ("bookings.strategy", 7),
        ("cache.bookings", 4),
        ("chat.persistence", 2),
        ("mentors.query", 2),
    ] {
        let tried = all.iter().filter(|changes| changes.contains_key(path));
        assert!(tried.count() >= values, "{path}");
    }
}
