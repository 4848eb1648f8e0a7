//! Paths, suites and experiments in documents.

use guards::documents;

use super::{subjects, tree};

/// How many names of this document lead nowhere.
fn broken_in(path: &str, text: &str) -> usize {
    let tree = tree(&[
        (path, text),
        ("docs/METHOD.md", ""),
        ("target-app/src/router.rs", ""),
        ("target-app/src/features/rooms/service.rs", ""),
        ("target-app/migrations/0001_rooms.sql", ""),
        ("target-app/optimizations/room_open/down.sql", ""),
        ("loadgen/suites/core.yaml", ""),
        ("loadgen/experiments/room_index.yaml", ""),
    ]);
    let violations = documents::broken_references(&tree, &["results/latest".to_owned()]);
    assert!(subjects(&violations).iter().all(|at| *at == path));
    violations.len()
}

#[test]
fn a_path_that_leads_nowhere_is_caught() {
    for text in [
        "See `target-app/src/routes.rs`.",
        "See [the method](METHOD.md).",
        "`rooms/services.rs`",
        "`features/gone/`",
        "`target-app/src/{router,routes}.rs`",
        "`target-app/src/gone`",
        "`features/X/handlers.rs`",
    ] {
        assert_eq!(broken_in("README.md", text), 1, "{text}");
    }
}

#[test]
fn paths_from_the_root_the_folder_and_the_middle_pass() {
    for text in [
        "See `target-app/src/router.rs:12` and [the method](docs/METHOD.md#units).",
        "`rooms/service.rs`, `router.rs`, `features/`, `features/X/service.rs`",
        "`target-app/migrations/NNNN_X.sql`, `migrations/*.sql`",
        "`results/latest/report.html`, `application/json`, `/api/v1/rooms`, `20/s`, `a / b`",
        "[a page](https://example.org/x.md) and [a part](#part)",
        "`target-app/{src,migrations}`",
    ] {
        assert_eq!(broken_in("README.md", text), 0, "{text}");
    }
}

#[test]
fn a_suite_or_experiment_that_does_not_exist_is_caught() {
    assert_eq!(
        broken_in("README.md", "loadgen experiment room_indexes --blocks 3"),
        1
    );
    assert_eq!(broken_in("README.md", "    loadgen run smoke"), 1);
    for text in [
        "loadgen experiment room-index",
        "`loadgen experiment list`, `loadgen experiment NAME`",
        "`loadgen run core` and loadgen run ./own.yaml and loadgen run --flow x",
    ] {
        assert_eq!(broken_in("README.md", text), 0, "{text}");
    }
}

#[test]
fn the_header_of_an_sql_file_is_read_and_its_code_is_not() {
    let path = "target-app/optimizations/room_open/up.sql";
    assert_eq!(
        broken_in(path, "-- experiment: experiments/room_indexes.yaml"),
        1
    );
    assert_eq!(
        broken_in(path, "-- experiment: experiments/room_index.yaml"),
        0
    );
    assert_eq!(broken_in(path, "select 'experiments/none.yaml';"), 0);
}
