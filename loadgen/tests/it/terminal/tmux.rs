//! A terminal of one's own: a tmux server with one window and a shell in it, gone with the value.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Longest wait for something to be seen; far longer than it takes.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// Time between two polls.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// What the shell says when it waits for a command.
const PROMPT: &str = "ready>";

/// The terminal.
pub(super) struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// Opens one of this size, and waits for the shell.
    pub(super) fn open(width: u16, height: u16) -> Self {
        let terminal = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let (width, height) = (width.to_string(), height.to_string());
        terminal.tmux(&["new-session", "-d", "-x", &width, "-y", &height, "sh"]);
        // Not in the environment: a shell of root's does not take its prompt from there.
        terminal.enter(&format!("PS1='{PROMPT} '; clear"));
        terminal.until_prompt();
        terminal
    }

    /// One command of tmux; what it prints.
    fn tmux(&self, words: &[&str]) -> String {
        let program = env!("CARGO_BIN_EXE_loadgen");
        let (programs, _) = program.rsplit_once('/').unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let done = Command::new("tmux")
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.folder.path().join("socket"))
            .args(words)
            .current_dir(self.folder.path())
            // Nothing of the caller's: its settings, and a tmux that the tests themselves run in.
            .env_clear()
            .env("PATH", format!("{programs}:{path}"))
            .env("HOME", self.folder.path())
            .env("LOADGEN_RESULTS", self.folder.path().join("results"))
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| {
                panic!("tmux is needed for this test: apt-get install tmux ({error})")
            });
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "tmux {words:?}: {error}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Presses keys by tmux's names: `q`, `Tab`, `C-c`.
    pub(super) fn press(&self, keys: &[&str]) {
        let words: Vec<&str> = ["send-keys"].iter().chain(keys).copied().collect();
        self.tmux(&words);
    }

    /// Types a command into the shell.
    pub(super) fn enter(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.press(&["Enter"]);
    }

    /// Changes the size of the window.
    pub(super) fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        self.tmux(&["resize-window", "-x", &width, "-y", &height]);
    }

    /// What the screen shows.
    pub(super) fn seen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with the lines that have scrolled out at the top.
    pub(super) fn all(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-S", "-"])
    }

    /// Whether the program's own screen is shown.
    pub(super) fn is_full_screen(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{alternate_on}"])
            .trim()
            == "1"
    }

    fn has_cursor(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{cursor_flag}"])
            .trim()
            == "1"
    }

    /// Waits until the screen is as it should be.
    pub(super) fn until(&self, what: &str, right: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let seen = self.seen();
            if right(&seen) {
                return seen;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "waited in vain for {what}:\n{seen}"
            );
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Waits until these texts are seen at once.
    pub(super) fn until_shows(&self, texts: &[&str]) -> String {
        self.until(&format!("{texts:?}"), |seen| {
            texts.iter().all(|text| seen.contains(text))
        })
    }

    /// Waits until the shell waits for a command again.
    pub(super) fn until_prompt(&self) -> String {
        self.until("the prompt", |seen| {
            let last = seen.lines().rfind(|line| !line.trim().is_empty());
            last.is_some_and(|line| line.trim() == PROMPT)
        })
    }

    /// The terminal is what it was before the program: it reads its keys itself, shows a cursor
    /// and its own screen, and a command that is typed is run.
    pub(super) fn assert_usable(&self) {
        self.until_prompt();
        assert!(!self.is_full_screen(), "{}", self.seen());
        assert!(self.has_cursor(), "{}", self.seen());
        self.press(&["C-l"]);
        self.enter("clear; stty -a; echo usa''ble");
        let seen = self.until_shows(&["usable"]);
        let words: Vec<&str> = seen.split([' ', ';', '\n']).collect();
        for mode in ["icanon", "echo", "isig", "opost", "icrnl"] {
            assert!(words.contains(&mode), "{mode} is off:\n{seen}");
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // Its shell and whatever runs in it go with it.
        let _gone = Command::new("tmux")
            .arg("-S")
            .arg(self.folder.path().join("socket"))
            .arg("kill-server")
            .stderr(Stdio::null())
            .status();
    }
}
