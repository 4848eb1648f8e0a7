//! What kind of reader there is: a terminal or a file, how wide, and whether it likes colours.

use std::io::{IsTerminal, stderr};

/// Width that is assumed where a terminal does not tell.
const USUAL_WIDTH: usize = 80;

/// How to write to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether a line can be rewritten.
    pub terminal: bool,
    /// Whether colours are welcome.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Look {
    /// A file, a pipe or a log: whole lines, no colours.
    pub fn plain() -> Self {
        Self {
            terminal: false,
            colour: false,
            width: USUAL_WIDTH,
        }
    }

    /// How standard error should be written to, by what it is and by `NO_COLOR`, `TERM` and
    /// `COLUMNS`.
    pub fn of_stderr() -> Self {
        Self::of(stderr().is_terminal(), width_of(libc::STDERR_FILENO))
    }

    /// How standard output should be written to.
    pub fn of_stdout() -> Self {
        Self::of(
            std::io::stdout().is_terminal(),
            width_of(libc::STDOUT_FILENO),
        )
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
                .unwrap_or(USUAL_WIDTH),
        }
    }
}

/// Columns of the terminal behind a file descriptor.
#[expect(
    unsafe_code,
    reason = "the standard library does not tell the size of a terminal"
)]
fn width_of(descriptor: i32) -> Option<usize> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one `winsize` through the pointer, which is valid for the call.
    let answer = unsafe { libc::ioctl(descriptor, libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}
