//! Two topologies as the arms of an experiment.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{finish, loadgen, script, start};

const EXPERIMENT: &str = "\
name: scale
before: { profile: after, topology: scale=1 }
after: { profile: after, topology: scale=2 }
primary: [ total p50 ]
scale: tiny
load: { model: open, rate: 20/s, warmup: 100ms, duration: 2s }
flows: [ { flow: mentors.browse } ]
quick: { blocks: 1, warmup: 100ms, duration: 2s }
";

/// A program that notes, for each start of a server, how many of the earlier ones still run, and then is
/// the real target.
fn noting(folder: &Path) -> String {
    let real = Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("target-app");
    let path = folder.join("build");
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = serve ]; then\n\
         running=0\n\
         for id in $(cat {pids} 2>/dev/null); do kill -0 $id 2>/dev/null && running=$((running + 1)); done\n\
         echo $running >> {running}\n\
         echo $$ >> {pids}\n\
         fi\n\
         exec {real} \"$@\"\n",
        pids = folder.join("pids").display(),
        running = folder.join("running").display(),
        real = real.display(),
    );
    script(&path, &text);
    path.display().to_string()
}

#[test]
fn each_trial_runs_in_the_stack_of_its_arm_while_the_other_serves_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scale.yaml");
    fs::write(&file, EXPERIMENT).unwrap();
    let ran = finish(start(loadgen([
        "experiment",
        file.to_str().unwrap(),
        "--quick",
        "--target-bin",
        &noting(folder.path()),
        "--quiet",
        "--results",
        folder.path().to_str().unwrap(),
    ])));
    let latest = folder.path().join("latest");
    let summary: Value =
        serde_json::from_slice(&fs::read(latest.join("summary.json")).unwrap()).unwrap();
    let trials = summary["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 2, "{ran:?}");
    for trial in trials {
        let several = trial["arm"] == "after";
        let server = &trial["server"];
        let answered = server["instances"].as_object().map_or(0, |all| {
            all.values()
                .filter(|count| count.as_u64() > Some(0))
                .count()
        });
        assert_eq!(answered, if several { 2 } else { 0 }, "{server}");
        assert_eq!(
            server["cpu_s"].get("haproxy").is_some(),
            several,
            "{server}"
        );
        assert_eq!(trial["violations"], 0, "{ran:?}");
    }
    for (arm, topology) in ["scale=1", "scale=2"].iter().enumerate() {
        assert_eq!(summary["arms"][arm]["topology"], *topology);
    }
    let running = fs::read_to_string(folder.path().join("running")).unwrap();
    let running: Vec<u32> = running.lines().map(|line| line.parse().unwrap()).collect();
    // Both stacks are started with their instances; from then on one alone serves.
    assert_eq!(running[..3], [0, 1, 2], "{running:?}");
    assert_eq!(running.len(), 6, "{running:?}");
    assert!(running[3..].iter().all(|count| *count <= 1), "{running:?}");
    let report = fs::read_to_string(latest.join("report.md")).unwrap();
    assert!(
        report.contains("| topology | scale=1 | scale=2 |"),
        "{report}"
    );
}
