//! Ctrl-C when everything is measured, while a report is being written: told in one line, and a second one ends the
//! process at once.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::{KnownServer, Running, finish, loadgen, start};

/// Longest wait for the report and for the answer to a signal.
const PATIENCE: Duration = Duration::from_secs(50);

fn interrupt(running: &Running) {
    let id = running.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
}

/// A run that is writing a report into a pipe which nobody reads, and has been interrupted once; the pipe.
fn interrupted_while_writing(url: &str, root: &Path) -> (Running, PathBuf) {
    let (pipe, said) = (root.join("pipe"), root.join("said"));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let line = format!("http {url} --json --quiet -c 1 -n 40 --junit");
    let mut command = loadgen(line.split(' '));
    command
        .arg(&pipe)
        .env("LOADGEN_RESULTS", root.join("results"))
        .stderr(File::create(&said).unwrap());
    let running = start(command);
    let begun = Instant::now();
    let until = |what: &str, reached: &dyn Fn() -> bool| {
        while !reached() {
            assert!(begun.elapsed() < PATIENCE, "{what}");
            sleep(Duration::from_millis(20));
        }
    };
    // The last thing that is written before it.
    let latest = root.join("results/latest/CHECKSUMS");
    until("nothing is stored", &|| latest.is_file());
    interrupt(&running);
    let told = || fs::read_to_string(&said).unwrap();
    until("a signal is swallowed", &|| {
        told().contains("once more to stop at once")
    });
    assert_eq!(told().lines().count(), 1, "{}", told());
    (running, pipe)
}

#[test]
fn a_signal_while_the_report_is_written_is_told_and_a_second_ends_the_process() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    let root = tempfile::tempdir().unwrap();
    let (running, _pipe) = interrupted_while_writing(&server.url(), root.path());
    interrupt(&running);
    assert_eq!(finish(running).code, Some(130));
}

#[test]
fn one_signal_while_the_report_is_written_leaves_the_run_its_report_and_its_code() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    let root = tempfile::tempdir().unwrap();
    let (running, pipe) = interrupted_while_writing(&server.url(), root.path());
    let report = fs::read_to_string(pipe).unwrap();
    assert!(report.contains("<testsuites"), "{report}");
    let ran = finish(running);
    assert!(ran.ran_through(), "{ran:?}");
}
