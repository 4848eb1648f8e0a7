//! A program that is under way: its start, waiting for what it does, and signals to it.

use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use super::program::{Running, loadgen, start};

/// Longest wait.
const PATIENCE: Duration = Duration::from_mins(3);

/// Starts `loadgen http URL --json --quiet` with these arguments, separated by spaces.
pub(crate) fn loading(url: &str, arguments: &str) -> Running {
    let words = format!("http {url} --json --quiet {arguments}");
    start(loadgen(words.split_whitespace()))
}

/// Waits until it holds; `otherwise` is what is wrong where it never does.
pub(crate) fn until(otherwise: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{otherwise}");
        sleep(Duration::from_millis(20));
    }
}

/// Sends a signal, like `-INT`, to a process.
pub(crate) fn signal(pid: u32, signal: &str) {
    let mut kill = Command::new("kill");
    let sent = kill.args([signal, &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}
