//! `target-app`: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use target_app::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
