//! What the output can show: a terminal or a file, how wide, and whether with colours.

use std::io::{IsTerminal, stderr, stdout};
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

/// Columns that are assumed where the width is not known.
const DEFAULT_WIDTH: usize = 80;

/// What an output stream can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalCapabilities {
    /// Whether a line can be rewritten.
    pub terminal: bool,
    /// Whether colours are wanted.
    pub colour: bool,
    /// Width in columns.
    pub width: usize,
}

impl TerminalCapabilities {
    /// A file, a pipe or a log: whole lines, no colours.
    pub fn plain() -> Self {
        Self {
            terminal: false,
            colour: false,
            width: DEFAULT_WIDTH,
        }
    }

    /// Capabilities of standard error, from the descriptor and from `NO_COLOR`, `TERM` and
    /// `COLUMNS`.
    pub fn of_stderr() -> Self {
        Self::of(stderr().is_terminal(), width_of(stderr()))
    }

    /// Capabilities of standard output.
    pub fn of_stdout() -> Self {
        Self::of(stdout().is_terminal(), width_of(stdout()))
    }

    fn of(terminal: bool, width: Option<usize>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let columns = variable("COLUMNS").and_then(|text| text.parse().ok());
        Self {
            terminal: terminal && !dumb,
            colour: terminal && !dumb && variable("NO_COLOR").is_none(),
            width: width
                .or(columns)
                .filter(|width| *width > 0)
                .unwrap_or(DEFAULT_WIDTH),
        }
    }
}

/// Columns of the terminal behind a file descriptor.
fn width_of(terminal: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
