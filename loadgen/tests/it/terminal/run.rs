//! `loadgen http` in a terminal, against a server in this process.

use std::time::Duration;

use super::tmux::Tmux;
use crate::support::{Answer, KnownServer};

/// What the view shows as soon as there is something to see.
pub(super) const RUNNING: [&str; 3] = ["offered ", "p95", " stop"];

/// A server that answers after some milliseconds.
pub(super) fn server() -> KnownServer {
    KnownServer::after(Duration::from_millis(5))
}

/// A server that takes requests and never answers.
pub(super) fn silent() -> KnownServer {
    KnownServer {
        answer: |_| Answer::Never,
        ..KnownServer::default()
    }
}

/// The command for a load of fifty requests a second.
pub(super) fn load(url: &str, flags: &str) -> String {
    format!("loadgen http {url} --rate 50 {flags}")
}

/// A terminal that says `earlier`, with a run in it that is seen.
pub(super) fn watched(url: &str, flags: &str) -> Tmux {
    let terminal = Tmux::open(80, 24);
    terminal.enter("clear; echo earl''ier");
    terminal.until_shows(&["earlier"]);
    terminal.enter(&load(url, flags));
    terminal.until_shows(&RUNNING);
    assert!(terminal.is_full_screen());
    terminal
}
