//! Waiting for what another process does, and signals to it.

use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

/// Longest wait.
const PATIENCE: Duration = Duration::from_mins(3);

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
