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
    /// Whether it shows more than ASCII, as far as the locale says.
    pub unicode: bool,
    /// Width in columns.
    pub width: usize,
}

impl TerminalCapabilities {
    /// A file, a pipe or a log: whole lines, no colours.
    pub fn plain() -> Self {
        Self {
            terminal: false,
            colour: false,
            unicode: true,
            width: DEFAULT_WIDTH,
        }
    }

    /// Capabilities of standard error, from the descriptor and from `NO_COLOR`, `TERM`, `COLUMNS`
    /// and the locale.
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
            unicode: is_unicode(variable),
            width: width
                .or(columns)
                .filter(|width| *width > 0)
                .unwrap_or(DEFAULT_WIDTH),
        }
    }
}

/// The columns of the terminal behind standard error now; `None` where there is none.
pub(super) fn stderr_width() -> Option<usize> {
    width_of(stderr())
}

/// Whether the locale that `variable` knows is one of UTF-8. Where none is set, as in most containers, the terminal
/// shows it all the same.
fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    set.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Columns of the terminal behind a file descriptor.
fn width_of(terminal: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_the_locale_that_is_set_says_whether_it_is_one_of_utf_8() {
        for (set, unicode) in [
            (&[][..], true),
            (&[("LANG", "C")][..], false),
            (&[("LANG", "de_DE.ISO-8859-1")][..], false),
            (&[("LANG", "C.UTF-8")][..], true),
            (&[("LANG", "C"), ("LC_CTYPE", "en_GB.utf8")][..], true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")][..], false),
        ] {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_unicode(variable), unicode, "{set:?}");
        }
    }
}
