//! The flags of a command without the other commands.

use std::ffi::OsString;

use clap::{Args, Parser};

/// Reads the flags of one command from words of which the first is its name; the error is what is wrong
/// with them.
pub fn flags_of<A: Args>(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<A, clap::Error> {
    /// The flags of the command alone.
    #[derive(Parser)]
    struct OneCommand<A: Args> {
        #[command(flatten)]
        flags: A,
    }
    OneCommand::try_parse_from(words).map(|one| one.flags)
}
