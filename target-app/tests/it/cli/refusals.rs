//! What cannot be done is said in one line, with what would be right, and exit code 2.

use std::net::TcpListener;

use crate::support::TestDb;
use crate::support::program::{SECRET, run, run_with};

/// An address at which nothing listens, with a password that must not be shown.
const NOWHERE: &str = "postgres://somebody:hunter2@127.0.0.1:1/codeconnect";

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_way_out() {
    let db = TestDb::empty().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(db.url(), &["serve", "--listen", &address]).await;
    ended.refused(&[&address, "in use", "--listen", "LISTEN_ADDR"]);
    db.finish().await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named_without_its_password() {
    for args in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["migrate"],
        &["seed", "--scale", "tiny"],
        &["seed", "--scale", "tiny", "--if-empty"],
        &["audit"],
    ] {
        let ended = run(NOWHERE, args).await;
        ended.refused(&["127.0.0.1:1/codeconnect", "refused", "--database-url"]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_database_that_does_not_exist_or_has_no_tables_is_told_apart() {
    let db = TestDb::empty().await;
    let serve = ["serve", "--listen", "127.0.0.1:0", "--set", "pool.max=5"];
    let ended = run(db.url(), &serve).await;
    ended.refused(&[db.name(), "target-app migrate"]);
    let other = db.url().replace(db.name(), "no_such_database");
    let ended = run(&other, &serve).await;
    ended.refused(&["no_such_database", "does not exist"]);
    db.finish().await;
}

#[tokio::test]
async fn a_setting_that_is_wrong_is_told_with_what_would_be_right() {
    let long = "x".repeat(16);
    for (args, words) in [
        (
            &["--set", "cache.mentor=off"][..],
            &["cache.mentor", "did you mean `cache.mentors`"][..],
        ),
        (&["--set", "pool.max"], &["switch=value"]),
        (&["--set", "pool.max=0"], &["pool.max", "from 1 to 1000"]),
        (
            &["--set", "bookings.strategy=hope"],
            &["unique_index, advisory_lock or serializable"],
        ),
        (&["--profile", "aftr"], &["aftr", "`before` or `after`"]),
        (&["--profile", "no/such.json"], &["no/such.json"]),
        (&["--listen", "8080"], &["8080", "127.0.0.1:8080"]),
        (&["--listen", "127.0.0.1:http"], &["127.0.0.1:8080"]),
        (&["--listen", "127.0.0.1:99999"], &["127.0.0.1:8080"]),
        (&["--config", "no/such.toml"], &["no/such.toml"]),
        (
            &["--database-url", "nonsense"],
            &["does not begin with postgres://"],
        ),
        (
            &["--database-url", "postgres://u:hush/x@127.0.0.1/db"],
            &["encoded", "%2F"],
        ),
        (
            &["--database-url", "postgres://u:hush#x@127.0.0.1/db"],
            &["encoded", "%23"],
        ),
        (&["--redis-url", "rediss://:hush@127.0.0.1"], &["TLS"]),
        (
            &["--redis-url", "redis://:hush/x@127.0.0.1"],
            &["address of Redis", "encoded"],
        ),
        (
            // Its socket is named, and asked.
            &["--database-url", "postgres://u:p@/db?host=/nonexistent"],
            &["/nonexistent"],
        ),
        (
            &["--listen", "0.0.0.0:0", "--lab-token", "short"],
            &["lab token", "16 characters", "--lab-token"],
        ),
        (
            &["--listen", "0.0.0.0:0", "--jwt-secret", &long],
            &["JWT secret", "32 bytes", "--jwt-secret"],
        ),
    ] {
        let mut all = vec!["serve"];
        if !args.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(args);
        let ended = run(NOWHERE, &all).await;
        ended.refused(words);
        for secret in [SECRET, "hush"] {
            assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn what_is_not_set_is_named_with_flag_variable_and_example() {
    for (args, words) in [
        (
            &["serve", "--database-url", ""][..],
            &["--database-url", "DATABASE_URL", "postgres://"][..],
        ),
        (&["migrate", "--database-url", ""], &["DATABASE_URL"]),
        (
            &["serve", "--redis-url", ""],
            &["--redis-url", "REDIS_URL", "redis://"],
        ),
        (
            &["serve", "--listen", "0.0.0.0:0", "--jwt-secret", ""],
            &["--jwt-secret", "JWT_SECRET", "openssl rand"],
        ),
    ] {
        run(NOWHERE, args).await.refused(words);
    }
}

#[tokio::test]
async fn a_pool_beyond_what_the_server_takes_and_a_redis_that_is_none_are_refused() {
    let db = TestDb::seeded().await;
    let args = ["serve", "--listen", "127.0.0.1:0", "--set", "pool.max=1000"];
    let ended = run(db.url(), &args).await;
    ended.refused(&["pool.max=1000", "max_connections"]);
    let mut args = ["serve", "--listen", "127.0.0.1:0", "--set", "pool.max=5"].to_vec();
    args.extend(["--redis-url", "http://127.0.0.1"]);
    run(db.url(), &args).await.refused(&["address of Redis"]);
    db.finish().await;
}

#[tokio::test]
async fn wrong_usage_is_told_in_one_line_and_no_command_at_all_with_the_help() {
    for (args, named) in [
        (&["sevre"][..], "'serve'"),
        (&["serve", "--prot", "1"], "--prot"),
        (&["seed", "--scale", "huge"], "tiny, small, medium or large"),
        (&["seed", "--force", "--if-empty"], "--if-empty"),
        (&["serve", "--head-timeout", "-5s"], "for '--head-timeout"),
    ] {
        let ended = run(NOWHERE, args).await;
        ended.refused(&[named]);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
    let ended = run(NOWHERE, &[]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("Commands:"), "{ended:?}");
}

#[tokio::test]
async fn a_wrong_value_of_a_variable_is_told_with_the_variable() {
    for (args, variable, value, named) in [
        (&["serve"][..], "HEAD_TIMEOUT", "5", "for HEAD_TIMEOUT ("),
        (&["serve"], "LOG_FORMAT", "xml", "for LOG_FORMAT ("),
        (&["seed"], "SEED_SCALE", "huge", "for SEED_SCALE ("),
        (
            &["serve", "--head-timeout", "6"],
            "HEAD_TIMEOUT",
            "5",
            "for '--head-timeout",
        ),
    ] {
        run_with((variable, value), args).await.refused(&[named]);
    }
}
