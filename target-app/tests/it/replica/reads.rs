//! The switch `db.reads`: refused where it cannot be in force, and where it is, which reads go to the
//! replica and which never do.

use std::{net::SocketAddr, str::FromStr as _};

use serde_json::{Value, json};
use shared::{
    api::{
        auth::{Role, Session},
        bookings::BookingView,
        lab::{ProfileView, ResetReport},
        mentors::MentorCard,
    },
    ids::{MentorId, RoomId},
    page::Page,
    problem::Code,
};
use sqlx::postgres::PgConnectOptions;

use super::step::{change, headline, mentor_id, standing, until, until_shown};
use crate::support::{Client, NewSlot, ReplicaEnd, TestApp, services};

async fn listed(client: &Client) -> String {
    let page: Page<MentorCard> = client.mentors("per_page=100").await.ok();
    let mut cards = page.items.into_iter();
    let card = cards.find(|card| card.id == mentor_id());
    card.expect("the mentor is on the list").headline
}

#[tokio::test]
async fn without_a_replica_reads_from_one_are_refused_in_one_line() {
    let app = TestApp::start().await;
    for source in ["replica", "replica_own_writes"] {
        let answer = app.lab().put_profile(json!({"db.reads": source})).await;
        let problem = answer.refused(Code::ProfileRefused);
        assert!(problem.detail.contains("REPLICA_URL"), "{}", problem.detail);
        assert!(problem.detail.contains(source), "{}", problem.detail);
        assert!(!problem.detail.contains('\n'));
    }
    assert_eq!(app.lab().profile().await.in_force["db.reads"], "primary");
    assert_eq!(app.lab().telemetry().await.replica, None);
    app.finish().await;
}

#[tokio::test]
async fn a_server_that_follows_no_other_is_refused_as_a_replica() {
    let primary = PgConnectOptions::from_str(&services().database_url).unwrap();
    let address = format!("{}:{}", primary.get_host(), primary.get_port());
    let address: SocketAddr = address.parse().unwrap();
    let app = TestApp::with(&[]).with_replica_at(address).start().await;
    let answer = app.lab().put_profile(json!({"db.reads": "replica"})).await;
    let problem = answer.refused(Code::ProfileRefused);
    assert!(
        problem.detail.contains("not in recovery"),
        "{}",
        problem.detail
    );
    app.finish().await;
}

#[tokio::test]
async fn the_source_of_reads_is_read_back_and_can_be_changed_while_requests_run() {
    let app = TestApp::with(&["pool.max=4"]).with_replica().start().await;
    for source in ["replica", "replica_own_writes", "primary", "replica"] {
        let changes = json!({"db.reads": source});
        let view: ProfileView = app.lab().put_profile(changes).await.ok();
        assert_eq!(view.differences, Vec::<String>::new());
        assert_eq!(view.in_force["db.reads"], source);
    }
    app.finish().await;
}

#[tokio::test]
async fn lists_and_details_come_from_the_replica_and_everything_else_from_the_primary() {
    let setup = TestApp::with(&["db.reads=replica"]).with_every_cache("off");
    let app = setup.with_replica().start().await;
    let (anyone, student) = (app.anonymous(), app.student(1));
    let mut replica = ReplicaEnd::connect().await;
    let before = headline(&anyone).await;
    let seen = standing(&app).await;
    assert!(seen.usable && seen.reads > 0, "{seen:?}");
    let backends = format!(
        "select count(*)::text from pg_stat_activity
         where datname = '{}' and application_name = 'target-app'",
        app.db.name()
    );
    assert_ne!(replica.text(&backends).await, "0");

    replica.pause().await;
    // The answer to a write shows what was written.
    assert_eq!(change(&app, "Changed").await, "Changed");
    assert_eq!(headline(&anyone).await, before);
    assert_eq!(listed(&anyone).await, before);
    // A booking is decided on the primary, where its slot is, and found by its id at once.
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    assert_eq!(student.booking(booking.id).await.status, 200);
    assert_eq!(app.student(2).book(slot).await.status, 409);
    let page: Page<BookingView> = student.bookings("per_page=100").await.ok();
    assert!(page.items.iter().all(|one| one.id != booking.id));
    app.lab().audits_clean().await;
    // A lag is seen.
    until(&app, |seen| seen.lag_us >= 200_000).await;
    let behind = standing(&app).await;
    assert!(behind.usable && behind.lag_bytes > 0, "{behind:?}");

    replica.resume().await;
    until(&app, |seen| seen.lag_us < 200_000).await;
    until_shown(&anyone, "Changed").await;
    // The booking was made after the change.
    let mut page: Page<BookingView> = student.bookings("per_page=100").await.ok();
    for _ in 0..6_000 {
        if page.items.iter().any(|one| one.id == booking.id) {
            break;
        }
        page = student.bookings("per_page=100").await.ok();
    }
    assert!(page.items.iter().any(|one| one.id == booking.id));
    app.finish().await;
}

#[tokio::test]
async fn what_a_replica_does_not_know_yet_is_asked_of_the_primary() {
    let setup = TestApp::with(&["db.reads=replica"]).with_every_cache("off");
    let app = setup.with_replica().start().await;
    let mut replica = ReplicaEnd::connect().await;
    replica.pause().await;
    let anyone = app.anonymous();
    let email = format!("{}@example.org", uuid::Uuid::now_v7());
    let new = anyone.register(&email, "a password of mine", Role::Mentor);
    let session: Session = new.await.created();
    let mentor = session.user.mentor_id.expect("they registered as one");
    assert_eq!(anyone.mentor(mentor).await.status, 200);
    assert_eq!(anyone.reviews(mentor, "").await.status, 200);
    // Whom nobody knows is still not there.
    let nobody = MentorId(uuid::Uuid::nil());
    anyone.mentor(nobody).await.refused(Code::NotFound);

    let (room, student) = (RoomId(uuid::Uuid::now_v7()), app.student(1));
    let sql = format!(
        "insert into chat_room (id, title) values ('{room}', 'New');
         insert into chat_member (room_id, user_id) values ('{room}', '{}')",
        student.id
    );
    app.db.execute(&sql).await;
    assert_eq!(student.history(room, "").await.status, 200);
    app.student(2)
        .history(room, "")
        .await
        .refused(Code::NotFound);
    replica.resume().await;
    app.finish().await;
}

#[tokio::test]
async fn a_cache_is_filled_from_the_primary_however_far_the_replica_is_behind() {
    for store in ["memory", "redis", "tiered"] {
        let setup = TestApp::with(&["db.reads=replica"]).with_every_cache(store);
        let app = setup.with_replica().start().await;
        let anyone = app.anonymous();
        let mut replica = ReplicaEnd::connect().await;
        let before = listed(&anyone).await;
        replica.pause().await;
        change(&app, "Changed").await;
        // The change has invalidated the list; a replica would fill it with what it was.
        assert_eq!(headline(&anyone).await, before, "{store}");
        for _ in 0..3 {
            assert_eq!(listed(&anyone).await, "Changed", "{store}");
        }
        replica.resume().await;
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn after_a_reset_the_replica_has_the_seeded_data_before_the_first_request() {
    let setup = TestApp::with(&["db.reads=replica"]).with_every_cache("off");
    let app = setup.with_replica().with_snapshot().start().await;
    let anyone = app.anonymous();
    let seeded = headline(&anyone).await;
    change(&app, "Undo me").await;
    for _ in 0..2 {
        let report: ResetReport = app.lab().reset(json!({})).await.ok();
        assert_eq!(report.profile.differences, Vec::<String>::new());
        assert_eq!(headline(&anyone).await, seeded);
    }
    assert!(standing(&app).await.usable);
    app.finish().await;
}

#[tokio::test]
async fn reads_of_one_person_under_row_security_stay_on_the_primary() {
    let settings = ["db.reads=replica", "db.rls=on"];
    let setup = TestApp::with(&settings).with_every_cache("off");
    let app = setup.with_replica().start().await;
    let before = standing(&app).await.reads;
    app.student(1).bookings("").await.ok::<Value>();
    assert_eq!(standing(&app).await.reads, before);
    headline(&app.anonymous()).await;
    assert!(standing(&app).await.reads > before);
    app.finish().await;
}
