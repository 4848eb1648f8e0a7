//! Guards the house itself: sizes, import directions, names, and the docs of every file.
//! The rules are those of ARCHITECTURE.md; a failure names the file and the rule.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Rooms of target-app, ground floor first; a room may import its own floor and those before it.
const TARGET_APP: &[&[&str]] = &[
    &["config", "clock", "limits", "shutdown", "timing"],
    &["db", "cache", "security", "telemetry"],
    &["error", "metrics", "seed"],
    &["paging", "idempotency"],
    &["engine", "realtime"],
    &["registry"],
    &["state"],
    &["http"],
    &["feature"],
    &["features"],
    &["lab", "openapi"],
    &["router"],
    &["app"],
    &["cli"],
    &["main", "lib"],
];

/// Rooms of loadgen, ground floor first.
const LOADGEN: &[&[&str]] = &[
    &["units", "seed", "check", "request", "ledger"],
    &["sample", "schema", "clock", "threshold", "stats", "flows"],
    &["suite", "recorder", "observer", "stack"],
    &["schedule", "aggregator"],
    &["driver", "verdict", "events", "doctor"],
    &["trial", "live", "export", "exit", "calibration"],
    &["experiment", "diagnose"],
    &["factorial", "history", "codeconnect"],
    &["store"],
    &["report", "web"],
    &["cli"],
    &["main", "lib"],
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
        .to_path_buf()
}

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["shared", "target-app", "loadgen"] {
        for part in ["src", "tests"] {
            rust_files(&root().join(folder).join(part), &mut files);
        }
    }
    files.sort();
    assert!(
        files.len() > 50,
        "the walk found too few files to mean anything: {}",
        files.len()
    );
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is readable");
            (
                path.strip_prefix(root())
                    .expect("below the root")
                    .to_path_buf(),
                text,
            )
        })
        .collect()
}

fn refuse(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn no_file_is_longer_than_500_lines_and_no_mod_rs_longer_than_60() {
    let broken: Vec<_> = sources()
        .iter()
        .filter_map(|(path, text)| {
            let limit = if path.file_name().is_some_and(|name| name == "mod.rs") {
                60
            } else {
                500
            };
            let lines = text.lines().count();
            (lines > limit).then(|| format!("{}: {lines} lines, at most {limit}", path.display()))
        })
        .collect();
    refuse("a file that long wants to be two", &broken);
}

#[test]
fn a_mod_rs_is_a_table_of_contents() {
    let broken: Vec<_> = sources()
        .iter()
        .filter(|(path, _)| path.file_name().is_some_and(|name| name == "mod.rs"))
        .filter(|(_, text)| {
            text.lines().any(|line| {
                line.trim_start().starts_with("fn ") || line.trim_start().starts_with("impl ")
            })
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    refuse("logic belongs in a file with a name of its own", &broken);
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    let broken: Vec<_> = sources()
        .iter()
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    refuse("no `//!` at the top", &broken);
}

#[test]
fn no_room_is_called_util_common_helpers_or_misc() {
    let broken: Vec<_> = sources()
        .iter()
        .filter(|(path, _)| {
            path.with_extension("").components().any(|part| {
                matches!(
                    part.as_os_str().to_str(),
                    Some("util" | "utils" | "common" | "helpers" | "misc")
                )
            })
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    refuse("a thing lives with its meaning", &broken);
}

#[test]
fn imports_only_run_downwards() {
    let mut broken = Vec::new();
    for (krate, floors) in [("target-app", TARGET_APP), ("loadgen", LOADGEN)] {
        let rank: BTreeMap<&str, usize> = floors
            .iter()
            .enumerate()
            .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (*room, floor)))
            .collect();
        for (path, text) in sources() {
            let Ok(inside) = path.strip_prefix(Path::new(krate).join("src")) else {
                continue;
            };
            let room = inside
                .components()
                .next()
                .expect("a file has a name")
                .as_os_str()
                .to_string_lossy();
            let room = room.trim_end_matches(".rs");
            let Some(own) = rank.get(room) else {
                broken.push(format!(
                    "{}: the room `{room}` has no floor; give it one in this test",
                    path.display()
                ));
                continue;
            };
            for (number, line) in text
                .lines()
                .take_while(|line| !line.starts_with("#[cfg(test)]"))
                .enumerate()
            {
                if line.trim_start().starts_with("//") {
                    continue;
                }
                for other in rooms_named(line, &rank) {
                    if rank[other] > *own {
                        broken.push(format!(
                            "{}:{}: `{room}` imports `{other}` from above",
                            path.display(),
                            number + 1
                        ));
                    }
                }
            }
        }
    }
    refuse("an import that runs upwards", &broken);
}

/// Rooms that a line names as `crate::room`, in braces or not.
fn rooms_named<'a>(line: &str, rank: &BTreeMap<&'a str, usize>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if let Some((room, _)) = rank.get_key_value(name.as_str()) {
            found.push(*room);
        }
    }
    found
}

#[test]
fn repositories_know_no_http_and_handlers_know_no_sql() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let handler =
            name == "handlers.rs" || path.components().any(|part| part.as_os_str() == "handlers");
        let words: &[&str] = match name {
            "repository.rs" => &["axum", "ApiError"],
            _ if handler && path.starts_with("target-app/src") => &["sqlx"],
            _ => continue,
        };
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                broken.push(format!("{}:{}: `{word}`", path.display(), number + 1));
            }
        }
    }
    refuse("SQL in a handler, or HTTP in a repository", &broken);
}

#[test]
fn migrations_hold_no_index_that_is_not_unique() {
    let mut broken = Vec::new();
    for entry in fs::read_dir(root().join("target-app/migrations"))
        .expect("migrations exist")
        .flatten()
    {
        let text = fs::read_to_string(entry.path())
            .expect("a migration is readable")
            .to_lowercase();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
        {
            if line.contains("create index") {
                broken.push(format!("{}: {}", entry.path().display(), line.trim()));
            }
        }
    }
    refuse("speed belongs in optimizations/", &broken);
}

#[test]
fn shared_imports_neither_program_and_no_server_or_client_library() {
    let manifest =
        fs::read_to_string(root().join("shared/Cargo.toml")).expect("the manifest is readable");
    for forbidden in [
        "axum",
        "sqlx",
        "tokio",
        "hyper",
        "reqwest",
        "target-app",
        "loadgen",
    ] {
        let named = manifest.lines().any(|line| line.starts_with(forbidden));
        assert!(!named, "shared must not depend on {forbidden}");
    }
}
