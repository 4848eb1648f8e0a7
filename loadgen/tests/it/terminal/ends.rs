//! However a run ends, the terminal is given back.

use std::{fs, path::Path};

use super::{
    run::{RUNNING, load, server, silent, watched},
    tmux::Tmux,
};
use crate::support::{signal, until};

#[test]
fn a_run_that_ends_by_itself_leaves_its_report_below_what_was_there() {
    let served = server().serve();
    let terminal = watched(&served.url(), "-d 10s");
    terminal.until_prompt();
    let all = terminal.all();
    assert!(all.contains("earlier"), "{all}");
    assert!(all.contains("Requests      500 planned"), "{all}");
    terminal.assert_usable();
}

#[test]
fn ctrl_c_stops_gracefully_and_the_report_follows() {
    let served = server().serve();
    let terminal = watched(&served.url(), "-d 10m");
    terminal.press(&["C-c"]);
    terminal.until_prompt();
    let all = terminal.all();
    let warned = all.find("warning: stopping: the report").unwrap();
    let report = all.find("Requests ").unwrap();
    assert!(all.find("earlier").unwrap() < warned && warned < report);
    terminal.assert_usable();
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_still_gives_the_terminal_back() {
    let served = silent().serve();
    // What is under way is waited for after the first: long enough for a second.
    let terminal = watched(&served.url(), "-d 10m --timeout 50s");
    terminal.press(&["C-c"]);
    terminal.until_shows(&["STOPPING", "warning: stopping: the report"]);
    terminal.press(&["C-c"]);
    terminal.until_prompt();
    terminal.enter("echo co''de $?");
    terminal.until_shows(&["code 130"]);
    terminal.assert_usable();
}

/// Starts a long run, and returns its process id when it is on the screen.
fn started(terminal: &Tmux, url: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let run = load(url, "-d 10m");
    terminal.enter(&format!("sh -c 'echo $$ >{}; exec {run}'", file.display()));
    terminal.until_shows(&RUNNING);
    fs::read_to_string(&file).unwrap()
}

#[test]
fn a_run_whose_terminal_is_gone_ends() {
    let served = server().serve();
    let terminal = Tmux::open(80, 24);
    let id = started(&terminal, &served.url());
    let process = Path::new("/proc").join(id.trim()).join("fd");
    assert!(process.read_dir().is_ok());
    drop(terminal);
    // Nothing can be read of the descriptors of a process that has ended, reaped or not.
    until("it still runs", || {
        let still = process.read_dir();
        !still.is_ok_and(|mut all| all.next().is_some())
    });
}

#[test]
fn a_signal_from_elsewhere_does_what_ctrl_c_does() {
    let served = server().serve();
    let terminal = Tmux::open(80, 24);
    let id = started(&terminal, &served.url());
    signal(id.trim().parse().unwrap(), "-TERM");
    terminal.until_prompt();
    assert!(terminal.all().contains("Requests "), "{}", terminal.all());
    terminal.assert_usable();
}

#[test]
fn a_panic_can_be_read_and_the_run_goes_on() {
    let served = server().serve();
    let terminal = Tmux::open(80, 24);
    let run = load(&served.url(), "-d 10s");
    terminal.enter(&format!("clear; LOADGEN_TEST_PANIC_IN_VIEW=1 {run}"));
    terminal.until_shows(&["this panic was planted by a test"]);
    assert!(!terminal.is_full_screen());
    terminal.until_prompt();
    let all = terminal.all();
    assert!(all.contains("Requests      500 planned"), "{all}");
    terminal.assert_usable();
}

#[test]
fn a_mistake_is_told_without_taking_the_screen() {
    let terminal = Tmux::open(80, 24);
    terminal.enter("clear; loadgen http http://127.0.0.1:9/ -d 1s; echo co''de $?");
    let seen = terminal.until_shows(&["error: cannot connect to", "code 2"]);
    assert!(!terminal.is_full_screen(), "{seen}");
    terminal.assert_usable();
}
