//! `target-app`: parse, run, exit code.

use std::{env, ffi::OsString, process::ExitCode};

use clap::{CommandFactory as _, FromArgMatches as _, error::ErrorKind};
use shared::usage;
use target_app::cli::{Cli, Exit};

/// See the feature in Cargo.toml.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = usage::with_signed_values(Cli::command());
    let words: Vec<OsString> = env::args_os().collect();
    let matches = command.clone().try_get_matches_from(&words);
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli.run(),
        // Help and version are answers; a mistake is one line.
        Err(error)
            if error.use_stderr()
                && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
        {
            let line = usage::one_line(&error.to_string());
            Exit::usage(usage::naming_variables(line, &command, &words)).print()
        }
        Err(error) => error.exit(),
    }
}
