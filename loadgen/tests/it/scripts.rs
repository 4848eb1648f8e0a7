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

/// What `suites.sh` makes, with these arguments, of a program that ends one suite with this word and code and all
/// others PASSED, without a word where there is none; and the runs that it was asked for.
fn suites(arguments: &[&str], odd: (&str, &str, u8)) -> (Output, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("fake");
    let runs = dir.path().join("asked");
    let (suite, word, code) = odd;
    let text = format!(
        r#"#!/bin/sh
echo "$1 $2 $3 $4" >>'{runs}'
word=PASSED code=0
[ "$2" != {suite} ] || {{ word={word} code={code}; }}
while [ "$1" != --results ]; do shift; done
[ -n "$word" ] || exit $code
mkdir -p "$2/latest"
cat >"$2/latest/verdict.json" <<END
{{
  "word": "$word",
  "confidence": {{
    "valid": 0,
    "noisy": 1,
    "invalid": 0
  }}
}}
END
printf 'arm,operation,planned,success\nrun,mentors.list,5,1\nrun,total,8,0.75\n' >"$2/latest/operations.csv"
exit $code
"#,
        runs = runs.display(),
    );
    support::script(&program, &text);
    let ran = Command::new("/bin/bash")
        .arg(root().join("scripts/suites.sh"))
        .args(arguments)
        .env("LOADGEN", &program)
        .env("OUT", dir.path().join("kept"))
        .output()
        .unwrap();
    let runs = fs::read_to_string(runs).unwrap();
    (ran, runs.lines().map(str::to_owned).collect())
}

#[test]
fn every_bundled_suite_is_run_once_and_has_a_row() {
    let (ran, runs) = suites(&[], ("core", "FAILED", 99));
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{said}");
    let files = fs::read_dir(root().join("loadgen/suites")).unwrap();
    let mut wanted: Vec<String> = files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    wanted.sort();
    let mut asked: Vec<&str> = runs
        .iter()
        .map(|run| {
            let name = run.strip_prefix("run ").unwrap();
            name.strip_suffix(" --time-scale 0.1").unwrap()
        })
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, wanted);
    let row = |suite: &str| -> Vec<String> {
        let mut lines = said.lines();
        let line = lines.find(|line| line.split(' ').next() == Some(suite));
        let words = line.unwrap().split_whitespace().take(5);
        words.map(str::to_owned).collect()
    };
    for name in &wanted {
        let word = if name == "core" { "FAILED" } else { "PASSED" };
        assert_eq!(row(name), [name.as_str(), word, "NOISY", "8", "2"]);
    }
}

#[test]
fn a_suite_that_is_invalid_or_violated_or_ends_without_a_verdict_is_named() {
    for (odd, said) in [
        (("smoke", "INVALID", 97), "smoke is INVALID"),
        (("day", "VIOLATED", 98), "day is VIOLATED"),
        (("users", "''", 2), "users ended with exit code 2"),
        (("core", "''", 96), "core is without a verdict"),
    ] {
        let (ran, runs) = suites(&["0.05"], odd);
        assert_eq!(ran.status.code(), Some(1), "{odd:?}");
        assert!(runs.iter().all(|run| run.ends_with(" --time-scale 0.05")));
        let named = String::from_utf8(ran.stderr).unwrap();
        assert!(
            named.starts_with(&format!("suites.sh: {said}: ")),
            "{named}"
        );
        assert_eq!(named.lines().count(), 1, "{named}");
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
fn a_series_without_a_program_is_refused_and_does_not_count_as_without_a_wrong_decision() {
    let ran = alone_with(&[], "scripts/aa-series.sh", &[]);
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
