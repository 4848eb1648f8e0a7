//! The scripts of this repository, on a machine that is not this one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{observability::root, support};

/// Every script, with its text.
fn scripts() -> Vec<(PathBuf, String)> {
    let mut all = vec![root().join(".ci/run")];
    for folder in ["scripts", "deploy"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        all.extend(paths.filter(|path| path.extension().is_some_and(|ending| ending == "sh")));
    }
    all.into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

#[test]
fn scripts_are_well_formed_and_use_nothing_outside_of_the_repository() {
    let all = scripts();
    assert!(all.len() > 8, "{}", all.len());
    for (path, text) in all {
        let checked = Command::new("bash").arg("-n").arg(&path).status().unwrap();
        assert!(checked.success(), "{}", path.display());
        assert!(!text.contains("../"), "{}", path.display());
    }
}

/// A script where these programs are all that there is.
fn alone_with(programs: &[&str], script: &str, arguments: &[&Path]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    for name in programs {
        support::script(&dir.path().join(name), "#!/bin/sh\n");
    }
    Command::new("/bin/bash")
        .arg(root().join(script))
        .args(arguments)
        .env("PATH", dir.path())
        .env("LOADGEN", "/nowhere/loadgen")
        .output()
        .unwrap()
}

#[test]
fn setup_misses_only_programs_that_loadgen_would_not_find() {
    let common = ["cc", "initdb", "pgbouncer", "haproxy", "cargo"];
    for server in ["redis-server", "valkey-server"] {
        let mut programs = common.to_vec();
        programs.push(server);
        let ran = alone_with(&programs, "scripts/setup.sh", &[]);
        assert!(ran.status.success(), "{server}: {ran:?}");
        assert!(ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran:?}");
    }
    // Nothing is installed here: there is no apt-get.
    let ran = alone_with(&common, "scripts/setup.sh", &[]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(said.contains("setup: missing: redis-server\n"), "{said}");
}

#[test]
fn a_campaign_without_a_program_is_refused_and_does_not_count_as_without_a_wrong_decision() {
    let ran = alone_with(&[], "scripts/aa-campaign.sh", &[]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        said.contains("there is no program /nowhere/loadgen"),
        "{said}"
    );
}

#[test]
fn a_result_that_is_not_there_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let ran = alone_with(&[], "scripts/check-result.sh", &[dir.path()]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(said.contains("there is no report in"), "{said}");
}
