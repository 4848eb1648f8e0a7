//! Ctrl-C when everything is measured, while a report is being written: the first is answered with one line, and a
//! second one ends the process at once.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::support::{KnownServer, Running, finish, loadgen, signal, start, until};

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
    // The last thing that is written before it.
    let latest = root.join("results/latest/CHECKSUMS");
    until("nothing is stored", || latest.is_file());
    signal(running.id(), "-INT");
    let printed = || fs::read_to_string(&said).unwrap();
    until("a signal is swallowed", || {
        printed().contains("once more to stop at once")
    });
    assert_eq!(printed().lines().count(), 1, "{}", printed());
    (running, pipe)
}

#[test]
fn a_signal_while_the_report_is_written_is_answered_and_a_second_ends_the_process() {
    let server = KnownServer::after(Duration::from_millis(1)).serve();
    let root = tempfile::tempdir().unwrap();
    let (running, _pipe) = interrupted_while_writing(&server.url(), root.path());
    signal(running.id(), "-INT");
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
