//! Tests of the catalogue: every name in it exists, and what it proposes under which values.

use std::{collections::BTreeMap, fs, path::Path};

use shared::profile::{Profile, SWITCHES};

use super::hints;
use crate::features;
use loadgen_experiment::diagnose::{ArmContext, Symptom};

/// Names of all operations.
fn operations() -> Vec<&'static str> {
    let operations = features::catalog().operations;
    operations.iter().map(|(_, one)| one.name).collect()
}

/// The setting that is proposed under `profile` with every operation sent; 250 is the figure.
fn setting(symptom: Symptom, found_in: &str, profile: &Profile) -> Option<String> {
    let arm = ArmContext {
        in_force: &profile.values(),
        operations: &operations(),
    };
    let proposal = hints().proposal(symptom, found_in, Some(250), arm)?;
    Some(proposal.setting)
}

fn with(mut profile: Profile, setting: &str) -> Profile {
    profile.apply(setting).unwrap();
    profile
}

/// Every switch of the catalogue with every value that it names for it.
fn named_values() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for hint in hints().switches {
        all.push((hint.switch, hint.value.replace("{}", "22")));
        all.extend(
            hint.helps_from
                .iter()
                .map(|one| (hint.switch, (*one).to_owned())),
        );
    }
    for index in hints().indexes {
        all.push((index.switch, index.value.to_owned()));
    }
    for cache in hints().caches {
        all.push((cache.switch, cache.off.to_owned()));
        all.push((cache.switch, cache.on.to_owned()));
    }
    all
}

#[test]
fn every_switch_exists_and_takes_the_values_as_they_are_written() {
    for (switch, value) in named_values() {
        assert!(SWITCHES.iter().any(|one| one.path == switch), "{switch}");
        let profile = with(Profile::before(), &format!("{switch}={value}"));
        assert_eq!(profile.get(switch).unwrap(), value, "{switch}");
    }
}

#[test]
fn every_operation_exists() {
    let mut names: Vec<&str> = Vec::new();
    for hint in hints().switches {
        names.extend(hint.load_sends);
        if hint.symptom == Symptom::QueryLoop {
            names.extend(hint.found_in);
        }
    }
    for name in names {
        assert!(operations().contains(&name), "{name}");
    }
    for index in hints().indexes {
        let prefix = index.operation_prefix;
        assert!(
            operations().iter().any(|one| one.starts_with(prefix)),
            "{prefix}"
        );
    }
}

/// Every SQL file of the backend: its path, and what it says.
fn sql_files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sql_files(&path, found);
        } else if path.extension().is_some_and(|one| one == "sql") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.to_string_lossy().into_owned(), text));
        }
    }
}

#[test]
fn every_table_and_invariant_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let backend = here
        .ancestors()
        .map(|folder| folder.join("target-app"))
        .find(|folder| folder.is_dir())
        .unwrap();
    let mut files = Vec::new();
    sql_files(&backend, &mut files);
    for index in hints().indexes {
        let created = format!("create table {} (", index.table);
        let found = files.iter().any(|(_, text)| text.contains(&created));
        assert!(found, "{}", index.table);
    }
    for hint in hints().switches {
        if hint.symptom == Symptom::WrongData {
            for name in hint.found_in {
                let file = format!("{name}.sql");
                assert!(
                    files.iter().any(|(path, _)| path.ends_with(&file)),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn nothing_that_is_in_force_is_ever_proposed() {
    for hint in hints().switches {
        let named = hint.found_in.first().copied().unwrap_or_default();
        let value = hint.value.replace("{}", "250");
        let profile = with(Profile::before(), &format!("{}={value}", hint.switch));
        let proposed = setting(hint.symptom, named, &profile);
        assert_ne!(proposed, Some(format!("{}={value}", hint.switch)));
    }
    let in_force = &Profile::after().values();
    let arm = ArmContext {
        in_force,
        operations: &operations(),
    };
    for index in hints().indexes {
        let operation = index.operation_prefix;
        assert_eq!(hints().index_proposal(index.table, operation, arm), None);
    }
    for cache in hints().caches {
        assert_eq!(cache.proposal(in_force), None);
    }
}

#[test]
fn under_before_each_symptom_has_the_switch_that_helps() {
    let before = Profile::before();
    for (symptom, found_in, wanted) in [
        (Symptom::PoolTooSmall, "", "pool.max=250"),
        (
            Symptom::Hashing,
            "auth.login",
            "auth.placement=bounded(250)",
        ),
        (Symptom::RedisRoundTrips, "", "cache.connection=multiplexed"),
        (Symptom::CacheMisses, "users", "cache.single_flight=on"),
        (Symptom::QueryLoop, "mentors.list", "mentors.query=joined"),
        (
            Symptom::QueryLoop,
            "auth.login",
            "auth.login_queries=joined",
        ),
        (
            Symptom::LockWaits,
            "Lock:transactionid",
            "bookings.strategy=conditional_update",
        ),
        (
            Symptom::Deadlocks,
            "",
            "bookings.strategy=conditional_update",
        ),
        (
            Symptom::Retries,
            "40001",
            "bookings.strategy=conditional_update",
        ),
        (
            Symptom::CommitSync,
            "IO:WALSync",
            "db.synchronous_commit=off",
        ),
    ] {
        let proposed = setting(symptom, found_in, &before);
        assert_eq!(proposed.as_deref(), Some(wanted), "{symptom:?}");
    }
}

#[test]
fn under_after_only_trade_offs_are_left() {
    let after = Profile::after();
    for (symptom, found_in, wanted) in [
        (
            Symptom::ConnectionsHeldTooLong,
            "",
            Some("pool.checkout=per_query"),
        ),
        (Symptom::CommitSync, "", Some("db.synchronous_commit=off")),
        (Symptom::Hashing, "auth.login", None),
        (
            Symptom::HashThreads,
            "",
            Some("auth.placement=bounded(250)"),
        ),
        (Symptom::RedisRoundTrips, "", None),
        (Symptom::CacheMisses, "mentors", None),
        (Symptom::QueryLoop, "mentors.list", None),
        (Symptom::LockWaits, "Lock:tuple", None),
        (Symptom::WrongData, "slot_capacity", None),
    ] {
        assert_eq!(
            setting(symptom, found_in, &after).as_deref(),
            wanted,
            "{symptom:?}"
        );
    }
}

#[test]
fn wrong_data_proposes_the_switch_that_is_known_to_be_wrong() {
    for strategy in ["naive", "unlocked_counter"] {
        let wrong = with(Profile::after(), &format!("bookings.strategy={strategy}"));
        assert_eq!(
            setting(Symptom::WrongData, "slot_capacity", &wrong).as_deref(),
            Some("bookings.strategy=conditional_update")
        );
    }
    let wrong = with(Profile::after(), "bookings.idempotency=off");
    assert_eq!(
        setting(Symptom::WrongData, "one_booking_per_key", &wrong).as_deref(),
        Some("bookings.idempotency=on")
    );
    assert_eq!(setting(Symptom::WrongData, "slot_capacity", &wrong), None);
}

#[test]
fn a_load_without_bookings_is_not_advised_to_book_otherwise() {
    let in_force = Profile::before().values();
    let arm = ArmContext {
        in_force: &in_force,
        operations: &["mentors.list", "chat.send"],
    };
    assert_eq!(
        hints().proposal(Symptom::LockWaits, "Lock:tuple", None, arm),
        None
    );
}

#[test]
fn a_scan_proposes_the_index_that_its_operation_lacks() {
    let in_force: BTreeMap<String, String> = Profile::before().values();
    let arm = ArmContext {
        in_force: &in_force,
        operations: &operations(),
    };
    for (table, operation, wanted) in [
        (
            "booking",
            "bookings.mine",
            Some("index.bookings_student=on"),
        ),
        (
            "booking",
            "recordings.list",
            Some("index.bookings_student=on"),
        ),
        (
            "mentor",
            "mentors.list",
            Some("index.mentors_active_rating=on"),
        ),
        ("review", "mentors.detail", Some("index.reviews_mentor=on")),
        ("slot", "mentors.availability", Some("index.slots_open=on")),
        ("chat_member", "chat.rooms", Some("index.chat_members=on")),
        ("mentor", "bookings.mine", None),
    ] {
        let proposal = hints().index_proposal(table, operation, arm);
        let proposed = proposal.map(|one| one.setting);
        assert_eq!(proposed.as_deref(), wanted, "{table} in {operation}");
    }
}

/// The hints of the documents that the project comes from which need the backend's own words; the
/// generic ones are tested with the rules.
#[test]
fn the_documents_hints_about_this_backend_are_given() {
    for (hint, symptom, words) in [
        ("001 double bookings", Symptom::WrongData, "double bookings"),
        ("001 use EXPLAIN", Symptom::MissingIndex, "/lab/explain"),
        (
            "001 server logs for errors",
            Symptom::ServerErrors,
            "request id",
        ),
    ] {
        let given = hints().notes(symptom).any(|note| note.contains(words));
        assert!(given, "{hint}");
    }
    let proposed: Vec<_> = hints()
        .caches
        .iter()
        .filter_map(|cache| cache.proposal(&Profile::before().values()))
        .map(|one| one.setting)
        .collect();
    for kind in ["mentors", "bookings", "users"] {
        assert!(
            proposed.contains(&format!("cache.{kind}=redis")),
            "001 add caching layer (Redis), 002 caches of mentors, bookings and users"
        );
    }
}
