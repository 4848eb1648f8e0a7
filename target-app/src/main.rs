//! `target-app`: parse, run, exit code.

use std::process::ExitCode;

use clap::{Parser as _, error::ErrorKind};
use shared::usage;
use target_app::cli::{Cli, Exit};

/// See the feature in Cargo.toml.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli.run(),
        // Help and version are answers; a mistake is told in one line.
        Err(error)
            if error.use_stderr()
                && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
        {
            Exit::usage(usage::one_line(&error.to_string())).print()
        }
        Err(error) => error.exit(),
    }
}
