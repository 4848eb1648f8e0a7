//! Database and caches back to the seeded state.

use shared::timing::ServerCount;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use serde_json::json;
use shared::{
    api::{
        auth::{Role, Session},
        bookings::BookingView,
        lab::ResetReport,
    },
    dataset::{PASSWORD, student_email},
    problem::Code,
};

use crate::support::{NewSlot, TestApp, TestDb};

#[tokio::test]
async fn what_was_done_since_the_seed_is_undone_and_caches_are_empty() {
    for store in ["memory", "redis"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}")])
            .with_snapshot()
            .start()
            .await;
        let (lab, anyone) = (app.lab(), app.anonymous());
        let seeded = anyone.mentors("per_page=100").await.body;
        let dataset = lab.profile().await.dataset;

        let session: Session = anyone
            .register("gone@example.org", "a password of mine", Role::Student)
            .await
            .created();
        let slot = NewSlot::single().create(&app.db).await;
        let student = anyone.signed_in(&session);
        let booking: BookingView = student.book(slot).await.created();
        app.mentor(0)
            .update_own(json!({"headline": "Undo me"}))
            .await;
        let changed = anyone.mentors("per_page=100").await;
        assert_ne!(changed.body, seeded);

        let report: ResetReport = lab.reset(json!({})).await.ok();
        assert_eq!(Some(report.dataset), dataset);
        assert_eq!(report.profile.differences, Vec::<String>::new());
        assert_eq!(report.profile, lab.profile().await);

        let restored = anyone.mentors("per_page=100").await;
        assert_eq!(restored.timing().counts[ServerCount::Hits], 0, "{store}");
        assert_eq!(restored.body, seeded, "{store}");
        student.me().await.refused(Code::Unauthenticated);
        app.student(1)
            .booking(booking.id)
            .await
            .refused(Code::NotFound);
        let login = anyone.login(&student_email(1), PASSWORD).await;
        login.ok::<Session>();
        lab.audits_clean().await;

        // And again: the copy is still there, and still good.
        let again: ResetReport = lab.reset(json!({})).await.ok();
        assert_eq!(Some(again.dataset), dataset);
        assert_eq!(anyone.mentors("per_page=100").await.body, seeded);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_reset_may_name_the_profile_to_go_on_with() {
    let app = TestApp::with(&[]).with_snapshot().start().await;
    let profile = json!({
        "pool.max": 5, "pool.min": 0, "auth.hash": "bcrypt(4)", "index.bookings_student": "off",
        "bookings.strategy": "naive",
    });
    let report: ResetReport = app.lab().reset(json!({"profile": profile})).await.ok();
    let view = report.profile;
    for (switch, value) in [
        ("pool.max", "5"),
        ("index.bookings_student", "off"),
        ("index.bookings_mentor", "on"),
        ("bookings.strategy", "naive"),
    ] {
        assert_eq!(view.in_force[switch], value, "{switch}");
    }
    assert_eq!(view.differences, Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn a_database_that_a_wrong_arm_broke_is_right_again() {
    let app = TestApp::with(&["bookings.strategy=naive"])
        .with_snapshot()
        .start()
        .await;
    app.db
        .execute("update slot set booked = booked + 1 where booked > 0")
        .await;
    assert!(app.lab().audit().await.violations() > 0);
    let profile = json!({"pool.max": 5, "pool.min": 0, "auth.hash": "bcrypt(4)"});
    app.lab()
        .reset(json!({"profile": profile}))
        .await
        .ok::<ResetReport>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn without_a_seeded_copy_a_reset_is_refused_and_nobody_is_turned_away() {
    let app = TestApp::start().await;
    let problem = app
        .lab()
        .reset(json!({}))
        .await
        .refused(Code::ProfileRefused);
    for words in [app.db.name(), "target-app seed"] {
        assert!(problem.detail.contains(words), "{}", problem.detail);
    }
    assert_eq!(app.lab().profile().await.generation, 1);
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_reset_is_refused_on_a_body_it_does_not_know_before_anything_happens() {
    let app = TestApp::with(&[]).with_snapshot().start().await;
    for body in [
        json!({"profil": {}}),
        json!({"profile": {"pool.maks": 5}}),
        json!({"profile": "before"}),
    ] {
        app.lab().reset(body).await.refused(Code::InvalidRequest);
    }
    assert_eq!(app.lab().profile().await.generation, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_during_a_reset_are_served_or_told_to_come_again() {
    let app = TestApp::with(&[]).with_snapshot().start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|n| {
            let (student, stop) = (app.student(n), stop.clone());
            tokio::spawn(async move {
                let mut turned_away = 0;
                while !stop.load(Relaxed) {
                    let answer = student.bookings("").await;
                    if answer.status != 200 {
                        answer.refused(Code::Unavailable);
                        assert_eq!(answer.header("retry-after"), "1");
                        turned_away += 1;
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                }
                turned_away
            })
        })
        .collect();
    for _ in 0..2 {
        app.lab().reset(json!({})).await.ok::<ResetReport>();
    }
    stop.store(true, Relaxed);
    let mut turned_away = 0;
    for task in load {
        turned_away += task.await.unwrap();
    }
    assert!(turned_away > 0, "a reset takes long enough to be noticed");
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_admitted_in_the_moment_of_a_reset_meets_no_closed_pool() {
    let app = TestApp::with(&["cache.mentors=off"])
        .with_snapshot()
        .start()
        .await;
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let (anyone, over) = (app.anonymous(), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Relaxed) {
                    let answer = anyone.mentors("per_page=1").await;
                    if answer.status != 200 {
                        let problem = answer.refused(Code::Unavailable);
                        assert_eq!(problem.detail, "the database is being replaced");
                    }
                }
                // Nothing is being replaced any more.
                assert_eq!(anyone.mentors("per_page=1").await.status, 200);
            })
        })
        .collect();
    for _ in 0..4 {
        app.lab().reset(json!({})).await.ok::<ResetReport>();
    }
    over.store(true, Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    app.finish().await;
}

#[tokio::test]
async fn encoding_and_locale_of_the_database_are_kept() {
    const STORED: &str = "select concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype) \
        from pg_database where datname = ";
    let db = TestDb::seeded_with_other_locale().await;
    let app = TestApp::with(&[]).start_with(db).await;
    let of_database = format!("{STORED} current_database()");
    let before = app.db.text(&of_database).await;
    let usual = app.db.text(&format!("{STORED} 'template0'")).await;
    assert_ne!(before, usual, "a new database would have the server's own");
    for _ in 0..2 {
        app.lab().reset(json!({})).await.ok::<ResetReport>();
        assert_eq!(app.db.text(&of_database).await, before);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn settings_of_the_database_are_kept() {
    let app = TestApp::with(&[]).with_snapshot().start().await;
    let name = app.db.name();
    for set in [
        format!("alter database {name} set search_path to \"$user\", public, \"my schema\""),
        format!("alter database {name} set work_mem to '5MB'"),
        format!("alter database {name} set default_transaction_read_only to on"),
        format!("alter database {name} set statement_timeout to '29s'"),
        format!("alter database {name} set my.note to 'it''s'"),
        format!("alter role current_user in database {name} set application_name to 'of a role'"),
        // The last one wins: the application has to write.
        format!(
            "alter role current_user in database {name} set default_transaction_read_only to off"
        ),
    ] {
        app.db.execute(&set).await;
    }
    const STORED: &str = "select string_agg(setrole || ' ' || one, '; ' order by setrole, one) \
        from pg_db_role_setting join pg_database as db on db.oid = setdatabase, unnest(setconfig) as one \
        where datname = current_database()";
    let before = app.db.text(STORED).await;
    assert!(
        before.contains("search_path=\"$user\", public, \"my schema\""),
        "{before}"
    );
    for _ in 0..2 {
        app.lab().reset(json!({})).await.ok::<ResetReport>();
        assert_eq!(app.db.text(STORED).await, before);
    }
    app.finish().await;
}
