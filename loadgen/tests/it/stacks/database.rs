//! `loadgen db` at a database that was there: what it sends, what it refuses, and that it leaves the
//! data as it found it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// Starts, loads and looks; `sh` runs it with the addresses of an own stack. The program is `$0`, the
/// folder for answers `$1`.
const SCRIPT: &str = r#"
set -e
cd "$1"
count() { psql "$DATABASE_URL" -Atc "select count(*) from booking_conflict"; }
count >before
"$0" db --db "$DATABASE_URL" --queries 600 --workers 6 --json --quiet --results results >own.json || true
"$0" db --db "$DATABASE_URL" --queries 600 --workers 6 --pool 2 --json --quiet --results results >pool.json || true
"$0" db --db "${DATABASE_URL%/*}/postgres" --quiet --results results 2>refused && exit 1
echo $? >code
"$0" db --db "$DATABASE_URL" --duration 60s --workers 2 --json --quiet --results results >stopped.json &
sleep 4
kill -INT $!
wait $! || echo $? >stopped
count >after
"#;

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.trim().to_owned()
}

fn figures(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&read(folder, name)).unwrap()
}

fn planned(figures: &Value, operation: &str) -> u64 {
    let of = &figures["operations"][operation]["planned"];
    of.as_u64()
        .unwrap_or_else(|| panic!("{operation}: {figures}"))
}

#[test]
fn a_direct_load_is_four_fifths_reads_under_policies_and_leaves_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("profile.json");
    fs::write(&profile, r#"{"db.rls": "on"}"#).unwrap();
    let program = env!("CARGO_BIN_EXE_loadgen");
    let words = [
        "stack",
        "--scale",
        "tiny",
        "--no-fsync",
        "--profile",
        profile.to_str().unwrap(),
        "--",
        "sh",
        "-c",
        SCRIPT,
        program,
        folder.path().to_str().unwrap(),
    ];
    let began = Instant::now();
    let mut command = loadgen(words);
    // What the caller's environment says of another server reaches neither the stack nor the command.
    command.env("PGSSLMODE", "verify-full");
    command.env("PGOPTIONS", "-c default_transaction_read_only=on");
    let ran = finish(start(command));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(began.elapsed() < Duration::from_mins(3));

    let folder = folder.path();
    for (name, connects) in [("own.json", 6), ("pool.json", 600)] {
        let figures = figures(folder, name);
        assert_eq!(figures["settings"]["row-level security"], "on", "{figures}");
        let (reads, writes) = (
            planned(&figures, "database.read"),
            planned(&figures, "database.write"),
        );
        assert_eq!(reads + writes, 600, "{figures}");
        // 20 % of 600 with four standard deviations to either side.
        assert!((80..=160).contains(&writes), "{writes}");
        assert_eq!(planned(&figures, "database.connect"), connects, "{name}");
        assert_eq!(figures["success"], 1.0, "{figures}");
        let words: Vec<&Value> = figures["thresholds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["word"])
            .collect();
        assert_eq!(words.len(), 3, "{words:?}");
        assert!(!figures.to_string().contains("postgres://"), "{figures}");
    }
    let refused = read(folder, "refused");
    assert!(
        refused.contains("was not seeded by target-app"),
        "{refused}"
    );
    assert_eq!(refused.lines().count(), 1, "{refused}");
    assert_eq!(read(folder, "code"), "2");

    assert_eq!(read(folder, "stopped"), "130");
    let stopped = figures(folder, "stopped.json");
    assert_eq!(stopped["verdict"]["word"], "INTERRUPTED", "{stopped}");
    assert!(stopped["planned"].as_u64() > Some(10), "{stopped}");

    assert_eq!(read(folder, "after"), read(folder, "before"));
}
