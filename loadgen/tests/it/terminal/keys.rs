//! What the keys do.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    run::{server, watched},
    tmux::{PATIENCE, Tmux},
};

#[test]
fn keys_choose_the_panel_explain_themselves_and_let_the_view_stand_still() {
    let served = server().serve();
    let terminal = watched(&served.url(), "-d 10m");
    terminal.press(&["3"]);
    terminal.until_shows(&["┌ 3 Operations", "http.request", "a second"]);
    terminal.press(&["Tab"]);
    terminal.until_shows(&["┌ 4 Target"]);
    terminal.press(&["Left", "Left"]);
    terminal.until_shows(&["┌ 2 Spread", " ms "]);
    terminal.press(&["BTab"]);
    terminal.until_shows(&["┌ 1 Over time"]);

    terminal.press(&["?"]);
    terminal.until_shows(&["┌ Keys", "pause the view", "twice"]);
    terminal.press(&["x"]);
    terminal.until("the help to go", |seen| !seen.contains("┌ Keys"));

    terminal.press(&["p"]);
    terminal.until_shows(&["PAUSED"]);
    // The terminal may have read a part of what was drawn; what stands is the same some ticks later.
    let begun = Instant::now();
    let stands = loop {
        let before = terminal.seen();
        thread::sleep(Duration::from_secs(2));
        let after = terminal.seen();
        if after == before {
            break after;
        }
        assert!(begun.elapsed() < PATIENCE, "{before}\n{after}");
    };
    terminal.press(&["Space"]);
    let goes_on = terminal.until("the view to go on", |seen| !seen.contains("PAUSED"));
    assert_ne!(goes_on, stands);
    terminal.until("the next figures", |seen| seen != goes_on);
}

#[test]
fn q_asks_once_and_stops_with_a_report() {
    let served = server().serve();
    let terminal = watched(&served.url(), "-d 10m");
    terminal.press(&["q"]);
    terminal.until_shows(&["Stop, and report what was measured?"]);
    terminal.press(&["n"]);
    terminal.until("the question to go", |seen| !seen.contains("Stop, and"));
    assert!(terminal.is_full_screen());
    terminal.press(&["s"]);
    terminal.until_shows(&["Stop, and report what was measured?"]);
    terminal.press(&["y"]);
    terminal.until_prompt();
    let all = terminal.all();
    let at = |text: &str| all.find(text).unwrap_or_else(|| panic!("{text}:\n{all}"));
    // What was printed while it ran stands above the report, and what was there before above that.
    let load = all.rfind("open: 50/s iterations").unwrap();
    assert!(at("earlier") < at("open: 50/s") && at("open: 50/s") < load);
    assert!(at("Requests ") < at("Connections "));
    terminal.assert_usable();
}

#[test]
fn keys_change_the_rate_and_the_report_says_so() {
    let served = server().serve();
    let terminal = watched(&served.url(), "-d 10m");
    terminal.press(&["+"]);
    terminal.until_shows(&["55 a second from now on"]);
    terminal.press(&["r"]);
    terminal.until_shows(&["new rate a second (now 55, at most 100,000): _"]);
    terminal.press(&["2", "0", "0", "Enter"]);
    terminal.until_shows(&["200 a second from now on"]);
    terminal.until("the rate to rise", |seen| {
        let offered = seen.split("offered ").nth(1).unwrap_or_default();
        let figure = offered.split(' ').next().unwrap_or_default();
        figure.parse().is_ok_and(|rate: f64| rate > 150.0)
    });
    terminal.press(&["r", "0", "Enter"]);
    terminal.until_shows(&["refused: 0 is outside of the range 0.1 to 100000"]);
    terminal.press(&["q", "q"]);
    terminal.until_prompt();
    let all = terminal.all();
    assert!(all.contains("by hand from"), "{all}");
}

#[test]
fn a_load_that_cannot_be_changed_says_why() {
    let served = server().serve();
    let terminal = Tmux::open(80, 24);
    let run = format!("loadgen http {} -c 2 -d 10m -n 1m", served.url());
    terminal.enter(&run);
    terminal.until_shows(&["closed: 2 users", "requests ", "p95"]);
    for key in ["+", "r"] {
        terminal.press(&[key]);
        terminal.until_shows(&["the number of iterations is fixed"]);
    }
    terminal.press(&["C-c"]);
    terminal.assert_usable();
}
