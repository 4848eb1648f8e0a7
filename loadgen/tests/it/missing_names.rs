//! What a command line names and does not exist is said in one line that says what to do instead.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::json;

use crate::support::loadgen;

/// Each `(arguments, exit code, parts of the line)`, in a folder with one run, of `mentor_cache`.
const MISSING: [(&str, i32, &[&str]); 26] = [
    ("report 41e7cc1", 2, &["41e7cc1", "did you mean `41e7cc0`?"]),
    ("report nosuch", 2, &["nosuch", "`loadgen results list`"]),
    ("compare 41e7cc1 41e7cc0", 2, &["did you mean `41e7cc0`?"]),
    ("compare --baseline mian", 2, &["`mian`", "there are main"]),
    (
        "results export nosuch",
        2,
        &["nosuch", "`loadgen results list`"],
    ),
    (
        "results baseline next nosuch",
        2,
        &["nosuch", "`loadgen results list`"],
    ),
    (
        "results baseline mian --remove",
        2,
        &["`mian`", "there are main"],
    ),
    (
        "results list --name mentor_cahce",
        0,
        &["did you mean `mentor_cache`?"],
    ),
    (
        "history --name nosuch",
        2,
        &["unknown name of runs `nosuch`", "it is one of mentor_cache"],
    ),
    (
        "history --name mentor_cahce",
        2,
        &["did you mean `mentor_cache`?"],
    ),
    (
        "history --metric tatal",
        2,
        &["unknown metric `tatal`", "mentors.list p50"],
    ),
    (
        "experiment run-all --only pool_size,scale_out --topology scale=2",
        2,
        &["scale_out: --topology", "write them into its file"],
    ),
    (
        "experiment run-all --target http://127.0.0.1:9",
        2,
        &["--lab-token"],
    ),
    ("run croe", 2, &["did you mean `core`?"]),
    ("run nosuch", 2, &["`nosuch`", "bundled are", "smoke"]),
    (
        "run core --flow auth.logni",
        2,
        &["did you mean `auth.login`?"],
    ),
    (
        "run core --set pool.maks=3",
        2,
        &["did you mean `pool.max`"],
    ),
    (
        "run core --profile nosuch",
        2,
        &["`before` or `after`", "JSON file"],
    ),
    ("run core --scale huge", 2, &["huge", "tiny, small, medium"]),
    (
        "run core --threshold auth.logni:p95<1s",
        2,
        &["did you mean `auth.login`?"],
    ),
    ("stack --target-bin /nonexistent", 2, &["/nonexistent"]),
    ("validate smoek", 2, &["did you mean `smoke`?"]),
    ("experiment pool_siez", 2, &["did you mean `pool_size`?"]),
    (
        "experiment pool_size --set-before pool.maks=1",
        2,
        &["did you mean `pool.max`"],
    ),
    (
        "experiment run-all --only pool_siez",
        2,
        &["did you mean `pool_size`?"],
    ),
    (
        "factorial --factor pool.maks=1,2 --factor pool.checkout=per_query,per_request",
        2,
        &["did you mean `pool.max`"],
    ),
];

/// The exit code and all that a command prints, in a folder whose `results` is the default one.
fn said(home: &Path, arguments: &str) -> (Option<i32>, String) {
    let mut command = loadgen(arguments.split_whitespace());
    command.current_dir(home).env_remove("LOADGEN_RESULTS");
    let output = command.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

/// A finished run of `mentor_cache` with the id 41e7cc0, kept as the baseline `main`.
fn shelf() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let results = home.path().join("results");
    let name = "2026-08-30T14-05-11Z_experiment_mentor_cache_41e7cc0";
    let run = results.join("runs").join(name);
    fs::create_dir_all(results.join("baselines")).unwrap();
    fs::create_dir_all(&run).unwrap();
    let manifest = json!({ "command": "experiment", "name": "mentor_cache", "took_s": 3.0 });
    fs::write(run.join("manifest.json"), manifest.to_string()).unwrap();
    let published = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../results/published/mentor_cache/summary.json"
    );
    fs::copy(published, run.join("summary.json")).unwrap();
    symlink(format!("../runs/{name}"), results.join("baselines/main")).unwrap();
    home
}

#[test]
fn a_name_of_nothing_is_said_in_one_line_with_what_to_do_instead() {
    let home = shelf();
    for (arguments, code, parts) in MISSING {
        let (ended, line) = said(home.path(), arguments);
        assert_eq!(ended, Some(code), "`{arguments}`: {line}");
        assert_eq!(line.lines().count(), 1, "`{arguments}`: {line}");
        for part in parts {
            assert!(line.contains(part), "`{arguments}`, {part}: {line}");
        }
    }
}

#[test]
fn where_nothing_was_measured_yet_each_command_says_how_to_begin() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        ("results list", 0),
        ("history", 2),
        ("history --name core", 2),
        ("report", 2),
        ("report latest", 2),
    ] {
        let (ended, line) = said(home.path(), arguments);
        assert_eq!(ended, Some(code), "`{arguments}`: {line}");
        assert_eq!(line.lines().count(), 1, "`{arguments}`: {line}");
        assert!(line.contains("`loadgen demo`"), "`{arguments}`: {line}");
    }
    let (ended, listed) = said(home.path(), "results list --json");
    assert_eq!((ended, listed.as_str()), (Some(0), "[]\n"));
    assert!(!home.path().join("results").exists(), "nothing was made");
}
