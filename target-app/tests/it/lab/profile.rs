//! Reading and setting what is in force.

use shared::timing::ServerCount;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::{
    api::lab::ProfileView,
    paths,
    problem::Code,
    profile::{Profile, SWITCHES, fingerprint},
};

use crate::support::TestApp;

#[tokio::test]
async fn every_switch_is_read_back_from_where_it_takes_effect() {
    let app = TestApp::start().await;
    let view = app.lab().profile().await;
    assert_eq!(view.in_force.len(), SWITCHES.len());
    for switch in SWITCHES {
        assert_eq!(
            view.in_force[switch.path],
            view.profile.get(switch.path).unwrap(),
            "{}",
            switch.path
        );
    }
    assert_eq!(view.differences, Vec::<String>::new());
    assert_eq!(view.fingerprint, fingerprint(&view.in_force));
    assert_eq!(view.generation, 1);
    assert_eq!(view.scale.as_deref(), Some("tiny"));
    assert_eq!(view.dataset.as_ref().map(String::len), Some(64));
    assert!(view.build.contains(env!("CARGO_PKG_VERSION")));
    for setting in [
        "fsync",
        "synchronous_commit",
        "max_connections",
        "server_version",
    ] {
        assert!(view.postgres.contains_key(setting), "{setting}");
    }
    app.finish().await;
}

#[tokio::test]
async fn only_the_named_switches_change() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let before = lab.profile().await;
    let after: ProfileView = lab
        .put_profile(json!({"cache.mentors": "off", "pool.max": 7}))
        .await
        .ok();
    assert_eq!(after.generation, 2);
    let differences: BTreeMap<_, _> = after
        .profile
        .differences(&before.profile)
        .into_iter()
        .map(|(switch, here, _)| (switch, here))
        .collect();
    assert_eq!(
        differences,
        BTreeMap::from([
            ("cache.mentors".to_owned(), "off".to_owned()),
            ("pool.max".to_owned(), "7".to_owned()),
        ])
    );
    assert_ne!(after.fingerprint, before.fingerprint);
    assert_eq!(lab.profile().await, after);
    let anyone = app.anonymous();
    anyone.mentors("").await;
    assert_eq!(
        anyone.mentors("").await.timing().counts[ServerCount::Hits],
        0
    );
    let back: ProfileView = lab
        .put_profile(json!({"cache.mentors": "redis", "pool.max": "10"}))
        .await
        .ok();
    assert_eq!(back.fingerprint, before.fingerprint);
    app.finish().await;
}

#[tokio::test]
async fn a_named_profile_can_be_the_base() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let path = format!("{}?base=before", paths::LAB_PROFILE);
    let changes = json!({"auth.hash": "bcrypt(4)"});
    let view: ProfileView = lab.put(&path, &changes).await.ok();
    let mut wanted = Profile::before();
    wanted.apply("auth.hash=bcrypt(4)").unwrap();
    assert_eq!(view.profile, wanted);
    assert_eq!(view.in_force, wanted.values());
    let timing = app.anonymous().mentors("").await.timing();
    assert!(
        timing.counts[ServerCount::Queries] > 20,
        "one by one, as before: {timing:?}"
    );

    let path = format!("{}?base=yesterday", paths::LAB_PROFILE);
    let problem = lab
        .put(&path, &json!({}))
        .await
        .refused(Code::InvalidRequest);
    assert!(
        problem.detail.contains("`before` or `after`"),
        "{}",
        problem.detail
    );
    app.finish().await;
}

#[tokio::test]
async fn indexes_come_and_go_in_the_catalogue() {
    let app = TestApp::start().await;
    let lab = app.lab();
    for (switch, index) in [
        ("index.mentors_active_rating", "mentor_active_rating_idx"),
        ("index.bookings_student", "booking_student_scheduled_idx"),
        ("index.bookings_mentor", "booking_mentor_scheduled_idx"),
        ("index.reviews_mentor", "review_mentor_created_idx"),
    ] {
        for (state, there) in [("off", 0), ("on", 1)] {
            let view: ProfileView = lab.put_profile(json!({switch: state})).await.ok();
            assert_eq!(view.in_force[switch], state);
            assert_eq!(view.differences, Vec::<String>::new());
            let found = app
                .db
                .count(&format!(
                    "select count(*) from pg_indexes where indexname = '{index}'"
                ))
                .await;
            assert_eq!(found, there, "{switch}={state}");
        }
    }
    // Whatever is done behind the application's back shows as a difference.
    app.db.execute("drop index review_mentor_created_idx").await;
    let view = lab.profile().await;
    assert_eq!(view.in_force["index.reviews_mentor"], "off");
    assert_eq!(view.differences, ["index.reviews_mentor"]);
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_switch_or_value_is_refused_with_the_nearest_right_one_and_changes_nothing() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let before = lab.profile().await;
    for (changes, said) in [
        (
            json!({"cache.mentor": "off"}),
            "did you mean `cache.mentors`",
        ),
        (json!({"pool.maximum": 3}), "did you mean `pool.max`"),
        (
            json!({"cache.mentors": "disk"}),
            "off, memory, redis or tiered",
        ),
        (json!({"pool.max": 0}), "a whole number from 1 to 1000"),
        (json!({"pool.max": null}), "a whole number"),
        (json!({"cache.users.ttl": "soon"}), "a duration like"),
        (json!({"auth.hash": "md5"}), "bcrypt(COST)"),
        (
            json!({"pool.max": 3, "bookings.strategy": "hope"}),
            "unique_index, advisory_lock or serializable",
        ),
    ] {
        let problem = lab.put_profile(changes).await.refused(Code::InvalidRequest);
        assert!(problem.detail.contains(said), "{}", problem.detail);
    }
    lab.put_profile(json!(["pool.max"]))
        .await
        .refused(Code::InvalidRequest);
    assert_eq!(lab.profile().await, before);
    app.finish().await;
}

#[tokio::test]
async fn a_pool_that_the_server_cannot_hold_is_refused_and_the_old_one_serves_on() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let before = lab.profile().await;
    let problem = lab
        .put_profile(json!({"pool.max": 1_000}))
        .await
        .refused(Code::ProfileRefused);
    for words in ["pool.max=1000", "max_connections"] {
        assert!(problem.detail.contains(words), "{}", problem.detail);
    }
    assert_eq!(lab.profile().await.in_force, before.in_force);
    app.student(1).me().await.ok::<Value>();
    app.finish().await;
}

#[tokio::test]
async fn of_a_profile_that_cannot_be_put_in_force_nothing_stays_in_the_database() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let before = lab.profile().await;
    // Policies come after guards and indexes, and miss a table.
    app.db
        .execute("alter table booking_hold rename to elsewhere")
        .await;
    let changes = json!({
        "bookings.strategy": "naive", "index.slots_open": "off", "db.rls": "on",
    });
    let answer = lab.put_profile(changes).await;
    assert!(answer.status >= 400, "{}", answer.text());
    app.db
        .execute("alter table elsewhere rename to booking_hold")
        .await;
    let after = lab.profile().await;
    assert_eq!(after.differences, Vec::<String>::new());
    assert_eq!(after.in_force, before.in_force);
    app.finish().await;
}

#[tokio::test]
async fn seeded_passwords_follow_the_hash_switch() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let prefixes = async || -> Vec<String> {
        sqlx::query_scalar("select distinct left(hash, 7) from credential")
            .fetch_all(app.db.pool())
            .await
            .unwrap()
    };
    assert_eq!(prefixes().await, ["$2b$04$"]);
    let view: ProfileView = lab
        .put_profile(json!({"auth.hash": "bcrypt(5)"}))
        .await
        .ok();
    assert_eq!(view.in_force["auth.hash"], "bcrypt(5)");
    assert_eq!(prefixes().await, ["$2b$05$"]);
    let login = app
        .anonymous()
        .login(
            &shared::dataset::student_email(1),
            shared::dataset::PASSWORD,
        )
        .await;
    assert_eq!(login.status, 200);
    app.finish().await;
}
