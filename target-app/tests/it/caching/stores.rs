//! Each store counts its hits and misses, and answers what the database answers.

use serde_json::Value;
use shared::timing::{ServerCount, ServerPart, ServerTiming};

use crate::support::{TestApp, together};

/// Hits, misses and statements.
fn counts(timing: ServerTiming) -> (u16, u16, u16) {
    (
        timing.counts[ServerCount::Hits],
        timing.counts[ServerCount::Misses],
        timing.counts[ServerCount::Queries],
    )
}

#[tokio::test]
async fn the_second_reader_of_a_mentor_list_is_served_from_the_store() {
    let mut bodies = Vec::new();
    for store in ["off", "memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}")])
            .start()
            .await;
        let anyone = app.anonymous();
        let first = anyone.mentors("skill=rust").await;
        // The same question in other words has the same place in the store.
        let second = anyone.mentors("page=1&skill=%20RUST&per_page=20").await;
        let wanted = match store {
            "off" => [(0, 0, 1), (0, 0, 1)],
            _ => [(0, 1, 1), (1, 0, 0)],
        };
        assert_eq!(counts(first.timing()), wanted[0], "{store}");
        assert_eq!(counts(second.timing()), wanted[1], "{store}");
        assert_eq!(second.body, first.body, "{store}");
        let other = anyone.mentors("skill=go").await;
        assert_ne!(other.body, first.body);
        assert_eq!(other.timing().counts[ServerCount::Hits], 0, "{store}");
        bodies.push(first.body);
        let snapshot = app.lab().telemetry().await;
        let mentors = &snapshot.caches["mentors"];
        match store {
            "off" => assert_eq!((mentors.hits, mentors.misses), (0, 0)),
            _ => assert_eq!((mentors.hits, mentors.misses, mentors.fills), (1, 2, 2)),
        }
        app.finish().await;
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    assert_eq!(bodies[0], bodies[3]);
}

#[tokio::test]
async fn a_students_bookings_and_the_look_up_of_who_asks_have_stores_of_their_own() {
    for (users, bookings, first, second) in [
        ("off", "off", (0, 0), (0, 0)),
        ("memory", "off", (0, 1), (1, 0)),
        ("off", "redis", (0, 1), (1, 0)),
        ("redis", "memory", (0, 2), (2, 0)),
    ] {
        let app = TestApp::with(&[
            &format!("cache.users={users}"),
            &format!("cache.bookings={bookings}"),
        ])
        .start()
        .await;
        let student = app.student(4);
        let one = student.bookings("").await;
        let two = student.bookings("page=1&per_page=20").await;
        assert_eq!(one.ok::<Value>(), two.ok::<Value>());
        let seen = |timing: ServerTiming| {
            (
                timing.counts[ServerCount::Hits],
                timing.counts[ServerCount::Misses],
            )
        };
        assert_eq!(seen(one.timing()), first, "{users} {bookings}");
        assert_eq!(seen(two.timing()), second, "{users} {bookings}");
        app.finish().await;
    }
}

#[tokio::test]
async fn what_one_student_stored_no_other_is_shown() {
    for store in ["memory", "redis"] {
        let app = TestApp::with(&[&format!("cache.bookings={store}")])
            .start()
            .await;
        let (ann, bob) = (app.student(5), app.student(6));
        let one: Value = ann.bookings("").await.ok();
        let other: Value = bob.bookings("").await.ok();
        for (person, list) in [(&ann, &one), (&bob, &other)] {
            for booking in list["items"].as_array().unwrap() {
                assert_eq!(booking["student_id"], person.id.to_string());
            }
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_hit_costs_one_command_and_from_the_pool_a_check_of_the_connection() {
    for (connection, pings) in [("multiplexed", 0), ("pool", 1)] {
        let app = TestApp::with(&[&format!("cache.connection={connection}")])
            .start()
            .await;
        let anyone = app.anonymous();
        anyone.mentors("").await;
        let hit = anyone.mentors("").await.timing();
        assert_eq!(
            (
                hit.counts[ServerCount::Hits],
                hit.counts[ServerCount::Commands],
                hit.counts[ServerCount::Pings]
            ),
            (1, 1, pings)
        );
        assert!(hit.us[ServerPart::Redis] > 0 && hit.us[ServerPart::Redis] <= hit.total_us);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_value_lives_as_long_as_its_switch_says() {
    // At once: most of it is waiting.
    let stores = ["memory", "redis", "tiered"];
    Box::pin(together(stores.map(lives_as_long_as_said))).await;
}

async fn lives_as_long_as_said(store: &str) {
    let app = TestApp::with(&[&format!("cache.mentors={store}"), "cache.mentors.ttl=5s"])
        .start()
        .await;
    let anyone = app.anonymous();
    anyone.mentors("").await;
    assert_eq!(
        anyone.mentors("").await.timing().counts[ServerCount::Hits],
        1
    );
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(
        anyone.mentors("").await.timing().counts[ServerCount::Misses],
        1,
        "{store}"
    );
    app.finish().await;
}
