//! The command line as a whole. Every flag has an environment variable of the same name,
//! `LOADGEN_…`.

use clap::{Parser, Subcommand};

use super::{
    bench::BenchArgs, capacity::CapacityArgs, chaos::ChaosArgs, compare::CompareArgs, db::DbArgs,
    demo::DemoArgs, doctor::DoctorArgs, experiment::ExperimentArgs, factorial::FactorialArgs,
    history::HistoryArgs, http::HttpArgs, plan::PlanArgs, report::ReportArgs, results::ResultsArgs,
    run::RunArgs, serve::ServeArgs, stack::StackArgs, validate::ValidateArgs, worker::WorkerArgs,
    ws::WsArgs,
};

/// Load generator and test bench for CodeConnect: sends load on a fixed schedule, compares two
/// configurations in paired trials, audits the database afterwards and writes reports.
#[derive(Debug, Parser)]
#[command(
    name = "loadgen",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = crate::exit::help()
)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a suite once and check its thresholds
    Run(Box<RunArgs>),
    /// Generate a part of the load of a run that is coordinated over Redis
    Worker(WorkerArgs),
    /// Compare two configurations in paired trials
    Experiment(Box<ExperimentArgs>),
    /// Search the highest load that meets an SLO, and report what saturates first
    Capacity(Box<CapacityArgs>),
    /// Put faults into the services of an own stack, one after another, while a suite's load runs
    Chaos(Box<ChaosArgs>),
    /// Plan instances, connections, cores, memory and cost from measured runs and stated assumptions
    Plan(PlanArgs),
    /// Run two to five switches in every combination and report which of them interact
    Factorial(Box<FactorialArgs>),
    /// Run the before/after experiment on an own stack: capacity, then times, planned for five minutes
    Demo(Box<DemoArgs>),
    /// Print or rewrite the reports of a finished run from its result folder
    Report(ReportArgs),
    /// List runs, remove old ones, pack one into an archive
    Results(ResultsArgs),
    /// Show the results of several runs side by side, with what differs between them
    Compare(CompareArgs),
    /// Show a metric over all runs of a suite or experiment, and where its level changed
    History(HistoryArgs),
    /// Check suite and experiment files and print what they would do
    Validate(ValidateArgs),
    /// Start PostgreSQL, Redis and target-app and run a command against them, or print their addresses
    /// and wait for Ctrl-C
    Stack(StackArgs),
    /// List the optimization switches with their values in `before` and `after`
    Switches,
    /// Serve the results folder as a web page, from which runs can be started
    Serve(Box<ServeArgs>),
    /// Load any HTTP service with one repeated request and report its response times
    Http(Box<HttpArgs>),
    /// Load PostgreSQL directly with short queries under row-level security
    Db(Box<DbArgs>),
    /// Open WebSockets and measure how messages come back: chat, or echo at any server
    Ws(Box<WsArgs>),
    /// Measure the cost of the load generator itself, or of the reference backend beside its bare parts
    Bench(BenchArgs),
    /// Check whether this machine, and a running target, is fit for measurements: exit code 97 if not
    Doctor(DoctorArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_flag_has_its_environment_variable() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            for argument in command.get_arguments() {
                let long = argument.get_long().unwrap_or_default();
                if long.is_empty() || ["help", "version"].contains(&long) {
                    continue;
                }
                let twin = argument
                    .get_env()
                    .map(|name| name.to_string_lossy().into_owned());
                let expected = format!("LOADGEN_{}", long.replace('-', "_").to_uppercase());
                assert_eq!(twin, Some(expected), "{} --{long}", command.get_name());
            }
        }
    }

    #[test]
    fn doctor_takes_no_flag_that_it_does_not_use() {
        let parse = |words: &str| {
            let words = words.split_whitespace();
            Cli::try_parse_from(["loadgen", "doctor"].into_iter().chain(words)).is_ok()
        };
        assert!(parse(
            "--topology scale=2,pgbouncer --target-bin x --stack-dir y"
        ));
        assert!(parse(
            "--target http://127.0.0.1:1 --instance http://127.0.0.1:2"
        ));
        for unused in ["--scale tiny", "--crash redis@1s"] {
            assert!(!parse(unused), "{unused}");
        }
    }

    #[test]
    fn a_rate_of_nothing_and_a_duration_without_unit_are_refused() {
        let parse = |words: &[&str]| {
            Cli::try_parse_from(["loadgen", "run", "smoke"].iter().chain(words))
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert!(parse(&["--rate", "20/s"]).is_ok());
        assert!(parse(&["--rate", "20"]).is_ok());
        assert!(parse(&["--rate", "0"]).unwrap_err().contains("not a rate"));
        assert!(
            parse(&["--duration", "10"])
                .unwrap_err()
                .contains("not a duration")
        );
        assert!(
            parse(&["--duration", "0s"])
                .unwrap_err()
                .contains("longer than nothing")
        );
        assert!(parse(&["--rate", "5", "--users", "5"]).is_err());
        assert!(parse(&["--time-scale", "0"]).is_err());
    }
}
