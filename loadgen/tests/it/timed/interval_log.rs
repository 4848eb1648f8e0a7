//! `latency.hlog`, read by another library, has the percentiles of the report.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;

use crate::support::{KnownServer, http};

/// The package and its version that is known to read the log.
const PACKAGE: &str = "hdrhistogram==0.10.8";
/// Tag of the response times of all operations' successes.
const SUCCESSES: &str = "ok";
/// Buckets are 0.1 % wide.
const WIDTH: f64 = 0.001;

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

/// A Python with the package, in the build folder; none where there is no Python or no PyPI.
fn python() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hdrhistogram");
    let python = home.join("bin/python");
    if python.is_file() && run(&python, &["-c", "import hdrh.log"]).status.success() {
        return Ok(python);
    }
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(&home)
        .output();
    match made {
        Ok(made) if made.status.success() => {}
        other => return Err(format!("python3 -m venv: {other:?}")),
    }
    let got = run(
        &python,
        &["-m", "pip", "install", "--quiet", "--retries", "1", PACKAGE],
    );
    if got.status.success() {
        Ok(python)
    } else {
        let why = String::from_utf8_lossy(&got.stderr);
        Err(why.lines().last().unwrap_or_default().to_owned())
    }
}

#[test]
fn another_library_reads_the_same_percentiles_from_the_interval_log() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            println!("SKIPPED: {PACKAGE} cannot be had: {why}");
            return;
        }
    };
    let server = KnownServer {
        delay: Box::new(|number| Duration::from_millis(2 + number as u64 % 97)),
        ..KnownServer::default()
    }
    .serve();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let ran = http(
        &server.url(),
        &format!("--rate 200/s --duration 4s --connections 100 --results {out}"),
    );
    assert_eq!(ran.outcome("ok"), 800, "{ran:?}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/read_hlog.py");
    let log = folder.path().join("latest/trials/http/latency.hlog");
    let read = run(&python, &[script, log.to_str().unwrap()]);
    assert!(read.status.success(), "{read:?}");
    let tags: Value = serde_json::from_slice(&read.stdout).unwrap();
    let successes = &tags[SUCCESSES];
    assert_eq!(successes["count"], 800);
    for name in ["p50", "p90", "max"] {
        let (theirs, ours) = (successes[name].as_f64().unwrap() / 1e6, ran.response(name));
        assert!(
            (theirs - ours).abs() <= ours * WIDTH,
            "{name}: they read {theirs} ms, we say {ours} ms"
        );
    }
}
