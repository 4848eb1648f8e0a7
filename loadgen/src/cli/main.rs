//! From the command line to the exit code.

use std::process::ExitCode;

use clap::{Parser as _, error::ErrorKind};
use shared::usage;

use super::{
    commands,
    failure::Failure,
    flags::{Cli, Command, ExperimentAction},
    output::print_error,
};
use crate::exit;
use loadgen_engine::driver;

/// Parses the arguments, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    // Thousands of users are as many connections. If the limit cannot be raised, connecting fails
    // with a message of its own.
    let _limit = driver::raise_file_limit();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(refuse(&error)),
    };
    match run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            print_error(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Run(args) => commands::run::run(&args),
        Command::Experiment(args) => match args.action() {
            ExperimentAction::List => commands::experiment_list::run(),
            ExperimentAction::RunAll => commands::run_all::run(&args),
            ExperimentAction::Run => commands::experiment::run(&args, None),
        },
        Command::Demo(args) => commands::demo::run(*args),
        Command::Report(args) => commands::report::run(&args),
        Command::Results(args) => commands::results::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Stack(args) => commands::stack::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Factorial(args) => commands::factorial::run(&args),
        Command::History(args) => commands::history::run(&args),
        Command::Http(args) => commands::http::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Switches => commands::switches::run(),
    }
}

/// Prints what the parser says. Help and version are answers, everything else is wrong usage.
fn refuse(error: &clap::Error) -> u8 {
    let code = if error.use_stderr() {
        exit::USAGE
    } else {
        exit::PASSED
    };
    match error.kind() {
        // The message about the value is complete; the usage would only hide it.
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            print_error(line.strip_prefix("error: ").unwrap_or(line));
        }
        kind if error.use_stderr()
            && kind != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
        {
            print_error(&usage::one_line(&error.to_string()));
        }
        _ => {
            let _closed = error.print();
        }
    }
    code
}
