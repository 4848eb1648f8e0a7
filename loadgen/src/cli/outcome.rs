//! From the command line to the exit code: the one place where an error becomes a line.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser as _, error::ErrorKind};
use shared::usage;

use super::{
    args::{Cli, Command},
    calibrate, compare, demo, doctor, experiment, factorial, history, http, report, results, run,
    serve, stack, switches, validate,
};
use crate::{driver, exit, suite::load::BadFile};

/// Why a command ended without a verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something is wrong with what was asked for, or with what it needs.
    #[error("{0}")]
    Usage(String),
    /// A fault of this program, or of the machine under it.
    #[error("{0}")]
    Internal(String),
    /// Stopped before there was anything to report.
    #[error("interrupted before anything was measured")]
    Interrupted,
}

impl Failure {
    /// A usage failure of anything that can be told in a line.
    pub fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// An internal failure of anything that can be told in a line.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Internal(_) => exit::INTERNAL,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }
}

impl From<BadFile> for Failure {
    fn from(error: BadFile) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Parses, runs, and tells how it ended.
pub fn main() -> ExitCode {
    // Thousands of users are as many connections. Where it is refused, connecting will tell.
    let _limit = driver::raise_file_limit();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is bad usage.
            let code = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::PASSED
            };
            match error.kind() {
                // The value says all that there is to say; the usage would only bury it.
                ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
                    let text = error.to_string();
                    let line = text.lines().next().unwrap_or_default();
                    complain(line.strip_prefix("error: ").unwrap_or(line));
                }
                kind if error.use_stderr()
                    && kind != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
                {
                    complain(&usage::one_line(&error.to_string()));
                }
                _ => {
                    let _closed = error.print();
                }
            }
            return ExitCode::from(code);
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Experiment(args) => experiment::run(&args),
        Command::Demo(args) => demo::run(*args),
        Command::Report(args) => report::run(&args),
        Command::Results(args) => results::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Stack(args) => stack::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Factorial(args) => factorial::run(&args),
        Command::History(args) => history::run(&args),
        Command::Http(args) => http::run(&args),
        Command::Bench(args) => calibrate::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Switches => switches::print(&mut io::stdout().lock())
            .map(|()| exit::PASSED)
            .or_else(closed_pipe),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::from(failure.code())
        }
    }
}

/// Prints an answer.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map(|()| exit::PASSED)
        .or_else(closed_pipe)
        .map(|_passed| ())
}

/// A reader that has seen enough (`loadgen switches | head`) is no failure.
pub(super) fn closed_pipe(error: io::Error) -> Result<u8, Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(exit::PASSED)
    } else {
        Err(Failure::internal(error))
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own error line")]
fn complain(text: &str) {
    let mut lines = text.lines();
    eprintln!("error: {}", lines.next().unwrap_or_default());
    for line in lines {
        eprintln!("  {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_exit_code() {
        assert_eq!(Failure::usage("x").code(), 2);
        assert_eq!(Failure::internal("x").code(), 1);
        assert_eq!(Failure::Interrupted.code(), 130);
    }
}
