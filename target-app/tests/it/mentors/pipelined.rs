//! Reads over connections that requests share (`db.driver`): the same answers, for each request its own, and none
//! lost for good with a connection.

use serde_json::{Value, json};
use shared::{
    api::mentors::Availability,
    dataset::{self, RowKind},
    ids::MentorId,
    problem::Code,
    timing::{ServerCount, ServerPart},
};
use sqlx::{Executor as _, Postgres, Transaction};

use crate::support::{Lesson, TestApp, together};

const PIPELINED: &str = "db.driver=pipelined(4)";
/// More than there are connections.
const MENTORS: u32 = 12;

fn mentor(n: u32) -> MentorId {
    MentorId(dataset::id(RowKind::Mentor, n))
}

/// Keeps every read of slots waiting until it is rolled back.
async fn lock_slots(app: &TestApp) -> Transaction<'static, Postgres> {
    let mut gate = app.db.pool().begin().await.unwrap();
    gate.execute("lock table slot in access exclusive mode")
        .await
        .unwrap();
    gate
}

#[tokio::test]
async fn they_answer_as_reads_over_the_pool_and_take_no_connection_of_it() {
    let mut answers = Vec::new();
    for driver in ["pooled", "pipelined(1)", "pipelined(4)"] {
        for cache in ["on", "off"] {
            let app = TestApp::with(&[
                "cache.mentors=off",
                &format!("db.driver={driver}"),
                &format!("db.statement_cache={cache}"),
            ])
            .start()
            .await;
            let lesson = Lesson {
                student: 1,
                mentor: 3,
            };
            lesson.create(&app.db).await;
            let written = app.student(1).review(mentor(3), 1, "Late.").await;
            assert_eq!(written.status, 201);
            let before = app.lab().telemetry().await.pool.acquires;
            let mut pages = Vec::new();
            for n in 0..MENTORS {
                let found = app.anonymous().mentor(mentor(n)).await;
                assert_eq!(found.timing().counts[ServerCount::Queries], 2, "{driver}");
                assert!(found.timing().us[ServerPart::Db] > 0, "{driver}");
                let open = app.anonymous().availability(mentor(n), "").await;
                pages.push((found.ok::<Value>(), open.ok::<Value>()));
            }
            let nobody = MentorId(dataset::id(RowKind::Student, 1));
            for missing in [
                app.anonymous().mentor(nobody).await,
                app.anonymous().availability(nobody, "").await,
            ] {
                missing.refused(Code::NotFound);
            }
            let taken = app.lab().telemetry().await.pool.acquires - before;
            assert_eq!(taken == 0, driver != "pooled", "{driver}: {taken}");
            answers.push((driver, cache, pages));
            app.finish().await;
        }
    }
    let (_, _, expected) = &answers[0];
    assert!(
        expected
            .iter()
            .any(|(_, open)| open["slots"][0].is_object())
    );
    assert_eq!(expected[3].0["recent_reviews"][0]["body"], "Late.");
    for (driver, cache, pages) in &answers[1..] {
        for (n, (found, wanted)) in pages.iter().zip(expected).enumerate() {
            // Each database is seeded relative to its own now.
            assert_eq!(
                without_times(&found.0),
                without_times(&wanted.0),
                "{driver} {cache} {n}"
            );
            assert_eq!(
                found.1["slots"].as_array().map(Vec::len),
                wanted.1["slots"].as_array().map(Vec::len)
            );
        }
    }
}

/// The same without what differs from database to database.
fn without_times(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !name.ends_with("_at") && *name != "id")
            .map(|(name, value)| (name.clone(), without_times(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_times).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn each_read_gets_its_own_answer_also_where_others_before_it_were_given_up() {
    let app = TestApp::with(&[PIPELINED, "cache.mentors=off"])
        .start()
        .await;
    let gate = lock_slots(&app).await;
    let mut reads = Vec::new();
    for n in 0..MENTORS {
        let anyone = app.anonymous().clone();
        reads.push(tokio::spawn(async move {
            anyone.availability(mentor(n), "").await
        }));
    }
    app.db.wait_for_blocked(2).await;
    // Their clients go away; the answers still come, and are nobody's.
    for given_up in reads.iter().step_by(2) {
        given_up.abort();
    }
    gate.rollback().await.unwrap();
    for (n, read) in (0..).zip(reads) {
        if n % 2 == 1 {
            assert_is_of(n, &read.await.unwrap().ok());
        }
    }
    let again = together((0..MENTORS).map(|n| {
        let anyone = app.anonymous();
        async move { anyone.availability(mentor(n), "").await }
    }))
    .await;
    for (n, read) in (0..).zip(again) {
        assert_is_of(n, &read.ok());
    }
    app.finish().await;
}

fn assert_is_of(n: u32, open: &Availability) {
    assert!(!open.slots.is_empty(), "mentor {n} has open slots");
    assert!(
        open.slots.iter().all(|slot| slot.mentor_id == mentor(n)),
        "{n}"
    );
}

#[tokio::test]
async fn lost_connections_are_made_again() {
    let app = TestApp::with(&[PIPELINED, "cache.mentors=off", "pool.min=1", "pool.max=1"])
        .start()
        .await;
    for _ in 0..3 {
        // One of the pool, the others of the pipeline.
        let ended = app.db.end_connections().await;
        assert!(ended >= 2, "{ended}");
        let mut failed = 0;
        for _ in 0..3 * ended {
            match app.anonymous().availability(mentor(1), "").await.status {
                200 => {}
                503 => failed += 1,
                other => panic!("{other}"),
            }
        }
        assert!(
            failed <= ended,
            "{failed} reads failed after {ended} connections"
        );
        app.anonymous().mentor(mentor(1)).await.ok::<Value>();
        // Over the pool, which finds its own lost connection by this.
        app.anonymous().reviews(mentor(1), "").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn they_have_the_settings_of_other_connections() {
    let app = TestApp::with(&[PIPELINED, "cache.mentors=off", "db.statement_timeout=1s"])
        .start()
        .await;
    let gate = lock_slots(&app).await;
    let late = app.anonymous().availability(mentor(1), "").await;
    late.refused(Code::Timeout);
    gate.rollback().await.unwrap();
    app.anonymous()
        .availability(mentor(1), "")
        .await
        .ok::<Availability>();
    app.finish().await;
}

#[tokio::test]
async fn beside_pgbouncer_they_are_refused_in_one_line_and_the_old_profile_stays() {
    let app = TestApp::with(&["db.statement_cache=off"])
        .with_pooler()
        .start()
        .await;
    for _ in 0..2 {
        let changes = json!({"db.driver": "pipelined(2)", "db.via": "pgbouncer"});
        let problem = app
            .lab()
            .put_profile(changes)
            .await
            .refused(Code::ProfileRefused);
        assert!(
            problem.detail.contains("needs db.via=direct"),
            "{}",
            problem.detail
        );
        assert!(!problem.detail.contains('\n'));
        let in_force = app.lab().profile().await.in_force;
        assert_eq!(in_force["db.driver"], "pooled");
        assert_eq!(in_force["db.via"], "direct");
    }
    app.finish().await;
}
