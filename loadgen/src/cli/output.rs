//! Writing to standard output and standard error.

use std::io::{self, Write as _};

use serde::Serialize;
use shared::text::escaped;

use super::failure::Failure;
use crate::{exit, live::TerminalCapabilities};

/// Prints a text to standard output.
pub(in crate::cli) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .or_else(|error| closed_pipe(error).map(|_passed| ()))
}

/// Prints a value to standard output, as JSON for people too.
pub(in crate::cli) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::internal)?;
    print(&(text + "\n"))
}

/// Columns of the terminal on standard output; unlimited elsewhere, so that programs read whole
/// lines.
pub(in crate::cli) fn columns() -> usize {
    let look = TerminalCapabilities::of_stdout();
    if look.terminal {
        look.width
    } else {
        usize::MAX
    }
}

/// A label and a text in lines of at most `width` columns, the text in a column of its own. A word
/// that is longer stays whole.
pub(in crate::cli) fn hanging(label: &str, text: &str, width: usize) -> String {
    let indent = label.chars().count();
    let mut lines = label.to_owned();
    let mut used = indent;
    for word in text.split(' ') {
        let wide = word.chars().count();
        let gap = usize::from(used > indent);
        if used > indent && used + gap + wide > width {
            let kept = lines.trim_end().len();
            lines.truncate(kept);
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            used = indent;
        } else if gap > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += wide;
    }
    lines.push('\n');
    lines
}

/// A reader that has closed the pipe (`loadgen switches | head`) is no failure.
pub(in crate::cli) fn closed_pipe(error: io::Error) -> Result<u8, Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(exit::PASSED)
    } else {
        Err(Failure::internal(error))
    }
}

/// Prints a line of progress to standard error; a closed stream does not end the command.
pub(in crate::cli) fn progress(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}");
}

/// Prints an error, its first line marked as such, to standard error. A message may quote what was
/// typed, read or received.
#[expect(clippy::print_stderr, reason = "the command line's own error line")]
pub(in crate::cli) fn print_error(text: &str) {
    let mut lines = text.lines();
    eprintln!("error: {}", escaped(lines.next().unwrap_or_default()));
    for line in lines {
        eprintln!("  {}", escaped(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_hangs_below_its_own_begin_and_stays_whole_without_a_width() {
        let text = "the slots of a mentor are read from the cache";
        assert_eq!(
            hanging("  load  ", text, 30),
            "  load  the slots of a mentor\n        are read from the\n        cache\n"
        );
        assert_eq!(hanging("x ", text, usize::MAX), format!("x {text}\n"));
        assert_eq!(hanging("x ", "a-very-long-word", 5), "x a-very-long-word\n");
    }
}
