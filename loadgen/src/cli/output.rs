//! Writing to standard output and standard error.

use std::io::{self, Write as _};

use super::failure::Failure;
use crate::exit;

/// Prints a text to standard output.
pub(in crate::cli) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .or_else(|error| closed_pipe(error).map(|_passed| ()))
}

/// A reader that has closed the pipe (`loadgen switches | head`) is no failure.
pub(in crate::cli) fn closed_pipe(error: io::Error) -> Result<u8, Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(exit::PASSED)
    } else {
        Err(Failure::internal(error))
    }
}

/// Prints a line of progress to standard error.
#[expect(
    clippy::print_stderr,
    reason = "progress of a command that takes a while"
)]
pub(in crate::cli) fn progress(text: &str) {
    eprintln!("{text}");
}

/// Prints an error, its first line marked as such, to standard error.
#[expect(clippy::print_stderr, reason = "the command line's own error line")]
pub(in crate::cli) fn print_error(text: &str) {
    let mut lines = text.lines();
    eprintln!("error: {}", lines.next().unwrap_or_default());
    for line in lines {
        eprintln!("  {line}");
    }
}
