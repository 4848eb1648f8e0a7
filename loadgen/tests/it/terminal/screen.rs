//! What fills the screen.

use super::{
    run::{RUNNING, load, server, watched},
    tmux::Tmux,
};

#[test]
fn the_view_fits_the_terminal_and_follows_its_size() {
    let served = server().serve();
    let terminal = watched(&served.url(), "-d 10m");
    let usual = terminal.until_shows(&["┌ 1 Over time", "0:30 ago", "completed", "2 Spread "]);
    let title = format!("loadgen http {}", served.url());
    assert_eq!(usual.lines().next().map(str::trim), Some(title.as_str()));
    assert!(!usual.contains("earlier"), "{usual}");
    assert!(!usual.contains("┌ 4 Target"), "{usual}");

    terminal.resize(160, 50);
    let panels = [
        "1 Over time",
        "2 Spread",
        "3 Operations",
        "4 Target",
        "5 Trials",
    ];
    let panels = panels.map(|name| format!("┌ {name}"));
    let wide = |line: &&str| line.chars().count() == 160 && line.ends_with('┐');
    // At once: the terminal may have read a part of what was drawn.
    terminal.until("every panel, in three rows", |seen| {
        panels.iter().all(|panel| seen.contains(panel))
            && seen.lines().filter(wide).count() == 3
            && seen.contains("http.request")
    });

    terminal.resize(40, 8);
    terminal.until_shows(&["too small: 44x10 at least", "p50"]);
    terminal.resize(80, 24);
    terminal.until_shows(&["┌ 1 Over time", "completed", "tab"]);
}

#[test]
fn plain_lines_and_a_run_in_the_background_leave_the_screen_alone() {
    let served = server().serve();
    let terminal = Tmux::open(80, 24);
    terminal.enter(&load(&served.url(), "-d 10m --plain"));
    terminal.until_shows(&["http measure", "left", "per s"]);
    assert!(!terminal.is_full_screen());
    terminal.press(&["C-c"]);
    terminal.until_prompt();

    // It would be stopped if it read keys or changed the terminal.
    terminal.enter(&format!("clear; {} &", load(&served.url(), "-d 2s")));
    terminal.until_shows(&["CORRECT"]);
    terminal.press(&["Enter"]);
    terminal.assert_usable();

    // No key is pressed.
    terminal.enter(&format!(
        "clear; {} </dev/null",
        load(&served.url(), "-d 10m")
    ));
    terminal.until_shows(&["http measure", "per s"]);
    assert!(!terminal.is_full_screen());
}

#[test]
fn figures_go_where_they_are_sent_while_the_view_is_on_the_screen() {
    let served = server().serve();
    let terminal = Tmux::open(80, 24);
    terminal.enter(&load(&served.url(), "-d 10s --json >figures.json"));
    terminal.until_shows(&RUNNING);
    terminal.until_prompt();
    terminal.enter("clear; head -c 40 figures.json; wc -c <figures.json; echo do''ne");
    let seen = terminal.until_shows(&["done"]);
    assert!(seen.starts_with('{') && !seen.contains('\u{1b}'), "{seen}");
}
