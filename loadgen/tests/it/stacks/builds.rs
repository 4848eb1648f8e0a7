//! Two builds of the target as the arms of an experiment.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{finish, loadgen, script, start};

/// A build that notes each start of its server in `log` and then is the real program.
fn build(folder: &Path, name: &str, log: &Path) -> String {
    let real = Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("target-app");
    let path = folder.join(name);
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = serve ]; then echo {name} >> {log}; fi\nexec {real} \"$@\"\n",
        log = log.display(),
        real = real.display(),
    );
    script(&path, &text);
    path.display().to_string()
}

#[test]
fn each_trial_runs_the_build_of_its_arm_and_the_report_names_both() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("starts");
    let [one, other] = ["build_one", "build_two"].map(|name| build(folder.path(), name, &log));
    let words = [
        "experiment",
        "--target-bin-before",
        &one,
        "--target-bin-after",
        &other,
        "--flow",
        "mentors.browse",
        "--rate",
        "10/s",
        "--quick",
        "--blocks",
        "1",
        "--warmup",
        "100ms",
        "--duration",
        "1s",
        "--scale",
        "tiny",
        "--quiet",
        "--results",
        folder.path().to_str().unwrap(),
    ];
    let ran = finish(start(loadgen(words)));
    let latest = folder.path().join("latest");
    let summary: Value =
        serde_json::from_slice(&fs::read(latest.join("summary.json")).unwrap()).unwrap();
    let arms: Vec<&str> = summary["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trial| trial["arm"].as_str().unwrap())
        .collect();
    assert_eq!(arms.len(), 2, "{ran:?}");
    let starts = fs::read_to_string(&log).unwrap();
    let started: Vec<&str> = starts.lines().collect();
    let expected = arms.iter().map(|arm| match *arm {
        "before" => "build_one",
        _ => "build_two",
    });
    // The stack itself starts with the program beside loadgen, and each trial begins with a restart.
    assert_eq!(started, expected.collect::<Vec<_>>(), "{ran:?}");
    for (arm, build) in [(0, &one), (1, &other)] {
        let named = summary["arms"][arm]["program"].as_str().unwrap();
        assert!(
            named.starts_with(build.as_str()) && named.contains("(sha256 "),
            "{named}"
        );
    }
    let report = fs::read_to_string(latest.join("report.md")).unwrap();
    assert!(report.contains(&one) && report.contains(&other), "{report}");
}
