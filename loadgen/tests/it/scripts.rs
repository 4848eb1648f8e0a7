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

/// What `repeat-tests.sh` makes of a program whose first try prints this, and whose later ones pass if
/// `recovers`; and the arguments of each try.
fn repeated(first: &str, recovers: bool) -> (Output, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let fake = dir.path().join("fake");
    let text = format!(
        "#!/bin/sh
         echo \"$*\" >>'{tries}'
         if [ $(wc -l <'{tries}') -gt 1 ] && {recovers}; then echo 'test result: ok. 1 passed; 0 failed;'; exit 0; fi
         printf '{first}'
         exit 101
",
        tries = dir.path().join("tries").display(),
    );
    fs::write(&fake, text).unwrap();
    let ran = Command::new("/bin/bash")
        .arg(root().join("scripts/repeat-tests.sh"))
        .args(["2", "some::", "7", "/bin/sh"])
        .arg(&fake)
        .args(["--", "--skip", "others::"])
        .output()
        .unwrap();
    let tries = fs::read_to_string(dir.path().join("tries")).unwrap();
    (ran, tries.lines().map(str::to_owned).collect())
}

#[test]
fn a_failed_test_is_repeated_alone_and_named_and_fails_if_it_fails_again() {
    let first = concat!(
        "test some::good ... ok\\n",
        "test some::apart ... ignored, for a person\\n",
        "test some::panics - should panic ... FAILED\\n",
        "test some::bad ... FAILED\\n",
        "test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured\\n",
    );
    let (ran, tries) = repeated(first, true);
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{said}");
    assert_eq!(
        tries,
        [
            "-- --skip others:: --test-threads=7 some::",
            "-- --skip others:: --test-threads=1 --exact some::panics some::bad"
        ]
    );
    assert!(
        said.ends_with("\nunstable: some::bad\nunstable: some::panics\n"),
        "{said}"
    );
    assert!(
        said.contains("\ntest result: 1 passed; 0 failed; 1 ignored; 2 are tried again\n"),
        "{said}"
    );
    let (ran, tries) = repeated(first, false);
    assert_eq!((ran.status.code(), tries.len()), (Some(1), 2));
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains("\ntest some::bad ... FAILED\n"), "{said}");
}

#[test]
fn tests_that_ended_without_their_names_are_repeated_whole() {
    for first in [
        "error: could not compile\\n",
        // An apostrophe as the shell of the test takes it.
        "test some::bad ... FAILED\\ntest result: FAILED. 0 passed; 1 failed\\n  process didn\\047t exit successfully\\n",
        "test some::bad ... FAILED\\ntest some::wor| a table\\nse ... FAILED\\ntest result: FAILED. 0 passed; 2 failed\\n",
        "test some::bad ... FAILED\\n",
    ] {
        let (ran, tries) = repeated(first, true);
        assert!(ran.status.success(), "{ran:?}");
        assert_eq!(
            tries[1], "-- --skip others:: --test-threads=1 some::",
            "{first}"
        );
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(said.contains("\nunstable: some:: (a try ended "), "{said}");
    }
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
