//! Filling a database, once and again.

use crate::support::TestDb;
use crate::support::program::{Ended, run};

async fn seed(db: &TestDb, more: &[&str]) -> Ended {
    let mut args = vec!["seed", "--scale", "tiny"];
    args.extend(more);
    // No other client may be connected while the copy is made.
    run(db.url(), &args).await
}

fn digest(ended: &Ended) -> String {
    let said = ended.ok();
    let at = said.find("digest ").expect("a digest is printed") + "digest ".len();
    said[at..].trim().to_owned()
}

async fn has_copy(db: &TestDb) -> bool {
    target_app::db::database::has_snapshot(db.url())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_empty_database_is_migrated_filled_and_copied_and_a_full_one_is_left_alone() {
    let db = TestDb::empty().await;
    let first = seed(&db, &["--seed", "7"]).await;
    let wanted = digest(&first);
    assert_eq!(wanted.len(), 64);
    assert!(has_copy(&db).await);
    let accounts = db.count("select count(*) from app_user").await;
    assert!(accounts > 660);
    let db = db.quiet().await;

    let again = seed(&db, &["--seed", "7"]).await;
    again.refused(&[db.name(), &accounts.to_string(), "--force"]);

    let kept = seed(&db, &["--seed", "7", "--if-empty"]).await;
    assert_eq!(digest(&kept), wanted);
    assert!(
        kept.ok().contains("already seeded (tiny, seed 7)"),
        "{kept:?}"
    );
    assert_eq!(kept.ok().lines().count(), 1);

    for other in [
        &["--seed", "8", "--if-empty"][..],
        &["--scale", "small", "--if-empty"],
    ] {
        let mut args = vec!["seed"];
        if !other.contains(&"--scale") {
            args.extend(["--scale", "tiny"]);
        }
        args.extend(other);
        let refused = run(db.url(), &args).await;
        refused.refused(&[db.name(), "other data", "tiny, seed 7", "--force"]);
    }

    let replaced = seed(&db, &["--seed", "7", "--force"]).await;
    assert_eq!(digest(&replaced), wanted, "one number, one dataset");
    let other = seed(&db, &["--seed", "8", "--force"]).await;
    assert_ne!(digest(&other), wanted);
    db.finish().await;
}

#[tokio::test]
async fn keeping_what_is_there_makes_the_copy_that_an_interrupted_run_did_not_reach() {
    let db = TestDb::seeded().await;
    assert!(!has_copy(&db).await);
    let kept = seed(&db, &["--seed", "1", "--if-empty"]).await;
    assert!(kept.ok().contains("already seeded"));
    assert!(has_copy(&db).await);
    // A second time there is nothing left to do, not even while others are connected.
    assert!(db.count("select count(*) from app_user").await > 0);
    seed(&db, &["--seed", "1", "--if-empty"]).await.ok();
    db.finish().await;
}

#[tokio::test]
async fn accounts_that_no_seed_made_are_never_kept_as_if_they_were() {
    let db = TestDb::empty().await;
    run(db.url(), &["migrate"]).await.ok();
    db.execute(
        "insert into app_user (id, email, display_name, role)
         values (gen_random_uuid(), 'ada@example.org', 'Ada', 'student')",
    )
    .await;
    let db = db.quiet().await;
    for more in [&["--if-empty"][..], &[]] {
        seed(&db, more).await.refused(&[db.name(), "1 accounts"]);
    }
    db.finish().await;
}
