//! The command line. Every flag has an environment variable of the same name, `LOADGEN_…`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::{dataset::Scale, time::Millis};

use super::experiment_args::ExperimentArgs;
use crate::{export::Collector, threshold::Threshold, trial::Crash, units::Rate};

/// Loads CodeConnect on an honest schedule, flips its optimizations between paired trials,
/// audits the database afterwards and reports.
#[derive(Debug, Parser)]
#[command(
    name = "loadgen",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 passed, 1 internal error, 2 bad usage or target not there, 97 run INVALID,\n98 audit found a violation, 99 thresholds failed, 130 interrupted (with a report)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a suite once and hold its thresholds against the figures
    Run(Box<RunArgs>),
    /// Run paired trials of two profiles and say what changed
    Experiment(Box<ExperimentArgs>),
    /// Run two to five switches in every combination, and say which depend on each other
    Factorial(Box<super::factorial::FactorialArgs>),
    /// The before/after experiment on an own stack: a first result in about three minutes
    Demo(Box<DemoArgs>),
    /// Print the report of a run again, from its folder alone
    Report(super::report::ReportArgs),
    /// List the runs of the results folder, remove old ones, pack one into a file
    Results(super::results::ResultsArgs),
    /// Set the results of several runs side by side, and say what differs between them
    Compare(super::compare::CompareArgs),
    /// Show a metric over all runs of a suite or experiment, and where its level changed
    History(super::history::HistoryArgs),
    /// Check a suite or experiment file and say what it would do
    Validate(ValidateArgs),
    /// Start PostgreSQL, Redis and target-app; run a command against them, or wait for Ctrl-C
    Stack(StackArgs),
    /// List every optimization switch with its values in `before` and `after`
    Switches,
    /// Show the results folder on a page of this machine, and start runs from there
    Serve(Box<ServeArgs>),
    /// Send one request again and again to any HTTP service, and say how long it took
    Http(Box<super::http::HttpArgs>),
    /// Measure what the generator itself costs, against a target that does nothing
    Bench(super::calibrate::BenchArgs),
    /// Say whether this machine, and what runs on it, is fit to measure on
    Doctor(DoctorArgs),
}

/// Where the load goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// A target that is running, like http://127.0.0.1:8080; without one an own stack is started
    #[arg(long, env = "LOADGEN_TARGET", value_name = "URL")]
    pub target: Option<String>,
    /// The lab token that the target was started with
    #[arg(
        long,
        env = "LOADGEN_LAB_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub lab_token: Option<String>,
    /// Allow a target that is not on this machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// How much data an own stack holds: tiny, small, medium or large
    #[arg(long, env = "LOADGEN_SCALE", value_name = "SCALE")]
    pub scale: Option<Scale>,
    /// The target-app program of an own stack; without one it is looked for beside loadgen
    #[arg(long, env = "LOADGEN_TARGET_BIN", value_name = "FILE")]
    pub target_bin: Option<PathBuf>,
    /// Keep the data of an own stack in this folder
    #[arg(long, env = "LOADGEN_STACK_DIR", value_name = "DIR")]
    pub stack_dir: Option<PathBuf>,
    /// Kill a service of an own stack in the middle of each trial and start it again, like
    /// postgres@5s: the audit then tells whether anything acknowledged was lost
    #[arg(
        long,
        env = "LOADGEN_CRASH",
        value_name = "SERVICE@TIME",
        conflicts_with = "target"
    )]
    pub crash: Option<Crash>,
}

/// What is changed in the load of a file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// Arrivals of iterations a second, like 20/s: makes the load open
    #[arg(long, env = "LOADGEN_RATE", value_name = "RATE", value_parser = rate, conflicts_with = "users")]
    pub rate: Option<Rate>,
    /// Virtual users: makes the load closed
    #[arg(long, env = "LOADGEN_USERS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub users: Option<u32>,
    /// Length of the measured window, like 30s
    #[arg(long, env = "LOADGEN_DURATION", value_name = "TIME", value_parser = positive)]
    pub duration: Option<Millis>,
    /// Length of the warm-up, like 2s
    #[arg(long, env = "LOADGEN_WARMUP", value_name = "TIME")]
    pub warmup: Option<Millis>,
    /// Multiply every phase's length by this
    #[arg(long, env = "LOADGEN_TIME_SCALE", value_name = "FACTOR", value_parser = factor)]
    pub time_scale: Option<f64>,
    /// Only these flows (repeatable)
    #[arg(
        long = "flow",
        env = "LOADGEN_FLOW",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub flows: Vec<String>,
    /// Root of every random choice
    #[arg(long, env = "LOADGEN_SEED", value_name = "N")]
    pub seed: Option<u64>,
    /// Accounts that are signed in before the run
    #[arg(long, env = "LOADGEN_ACCOUNTS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub accounts: Option<u32>,
    /// A request's time limit, from its intended start
    #[arg(long, env = "LOADGEN_TIMEOUT", value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Millis>,
    /// Most virtual users, and so connections, a flow
    #[arg(long, env = "LOADGEN_MAX_USERS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub max_users: Option<u32>,
    /// One more promise, like "p95 < 1000ms" (repeatable)
    #[arg(
        long = "threshold",
        env = "LOADGEN_THRESHOLD",
        value_name = "TEXT",
        value_delimiter = ','
    )]
    pub thresholds: Vec<Threshold>,
    /// Threads that send
    #[arg(long, env = "LOADGEN_WORKERS", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
}

/// Where results go.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Results")]
pub struct ResultArgs {
    /// The folder that result folders are made in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
    /// Also write the JUnit report here
    #[arg(long, env = "LOADGEN_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Also keep every request of a trial as a line of samples.csv.gz, up to two million
    #[arg(long, env = "LOADGEN_SAMPLES")]
    pub samples: bool,
    /// Say nothing while running
    #[arg(long, short, env = "LOADGEN_QUIET")]
    pub quiet: bool,
    /// Say it in lines, and leave the terminal's screen and keys alone
    #[arg(long, env = "LOADGEN_PLAIN")]
    pub plain: bool,
    /// Show the running command on a page of this machine, on port 8090 unless told otherwise
    #[arg(
        long,
        env = "LOADGEN_WEB",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:8090"
    )]
    pub web: Option<SocketAddr>,
    /// Add what happens to this file as lines of JSON; with - to standard output, in place of the
    /// report
    #[arg(long, env = "LOADGEN_EVENTS_TO", value_name = "FILE")]
    pub events_to: Option<PathBuf>,
    /// Follow wishes for the load, lines like {"rate": 50}, from this file, or - for standard input
    #[arg(long, env = "LOADGEN_WISHES_FROM", value_name = "FILE")]
    pub wishes_from: Option<PathBuf>,
    /// A page that is open already, and outlives the command.
    #[arg(skip)]
    pub page: Option<crate::web::Page>,
    /// Serve the figures of the running command to Prometheus on this address
    #[arg(
        long,
        env = "LOADGEN_METRICS",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:9464"
    )]
    pub metrics: Option<SocketAddr>,
    /// Push the same figures to this OTLP collector, like http://127.0.0.1:4318
    #[arg(long, env = "LOADGEN_OTLP", value_name = "URL")]
    pub otlp: Option<Collector>,
}

/// `loadgen run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// A suite file, or the name of one that is shipped: smoke, core; the flows of --flow alone
    /// without it
    #[arg(value_name = "SUITE")]
    pub suite: Option<String>,
    /// Where the load goes.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What is changed in the file.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Where results go.
    #[command(flatten)]
    pub result: ResultArgs,
    /// The profile to start from: before, after, or a JSON file of switch to value
    #[arg(
        long,
        env = "LOADGEN_PROFILE",
        value_name = "PROFILE",
        default_value = "after"
    )]
    pub profile: String,
    /// Set one switch of it, like cache.mentors=off (repeatable)
    #[arg(
        long = "set",
        env = "LOADGEN_SET",
        value_name = "SWITCH=VALUE",
        value_delimiter = ';'
    )]
    pub set: Vec<String>,
}

/// `loadgen demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Less than a minute, and too little to decide anything
    #[arg(long, env = "LOADGEN_QUICK")]
    pub quick: bool,
    /// Show the run on a page of this address, and stay there afterwards until Ctrl-C
    #[arg(
        long,
        env = "LOADGEN_SERVE",
        value_name = "ADDRESS:PORT",
        conflicts_with = "web"
    )]
    pub serve: Option<SocketAddr>,
    /// Where the load goes.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What is changed in the file.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Where results go.
    #[command(flatten)]
    pub result: ResultArgs,
}

/// `loadgen serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Where to listen
    #[arg(
        long,
        env = "LOADGEN_LISTEN",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        default_value = "127.0.0.1:8090"
    )]
    pub listen: SocketAddr,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
    /// Where the load of runs goes that are started from the page.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `loadgen doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// What is examined besides the machine.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Tell it as JSON
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
}

/// `loadgen validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArgs {
    /// Suite and experiment files, or names of those that are shipped
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
}

/// `loadgen stack`.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// Which services: postgres, redis, target
    #[arg(
        long,
        env = "LOADGEN_SERVICES",
        value_delimiter = ',',
        default_value = "postgres,redis,target"
    )]
    pub services: Vec<Service>,
    /// The target's profile: before, after, or a JSON file of switch to value
    #[arg(
        long,
        env = "LOADGEN_PROFILE",
        value_name = "PROFILE",
        default_value = "after"
    )]
    pub profile: String,
    /// How much data: tiny, small, medium or large
    #[arg(
        long,
        env = "LOADGEN_SCALE",
        value_name = "SCALE",
        default_value = "small"
    )]
    pub scale: Scale,
    /// Seed of the data
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The target-app program; without one it is looked for beside loadgen
    #[arg(long, env = "LOADGEN_TARGET_BIN", value_name = "FILE")]
    pub target_bin: Option<PathBuf>,
    /// Keep the data in this folder
    #[arg(long, env = "LOADGEN_STACK_DIR", value_name = "DIR")]
    pub stack_dir: Option<PathBuf>,
    /// Do not wait for the disk: for tests that make and drop databases, never for a measurement
    #[arg(long, env = "LOADGEN_NO_FSYNC", conflicts_with = "stack_dir")]
    pub no_fsync: bool,
    /// Run this with DATABASE_URL, REDIS_URL, TARGET_URL and LAB_TOKEN set, and end with its exit code
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// A service of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// target-app; needs the other two.
    Target,
}

/// `20/s`, or `20` for the same.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let text = if text.contains('/') {
        text.to_owned()
    } else {
        format!("{text}/s")
    };
    text.parse()
        .map_err(|error: crate::units::BadRate| error.to_string())
}

/// `127.0.0.1:8090`; `8090` and `localhost:8090` for the same.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    text.parse()
        .or_else(|_| port.parse().map(|port: u16| ([127, 0, 0, 1], port).into()))
        .map_err(|_| format!("`{text}` is no address: write one like 127.0.0.1:8090, or a port"))
}

pub(super) fn positive(text: &str) -> Result<Millis, String> {
    match text.parse::<Millis>() {
        Ok(Millis(0)) => Err("a duration is longer than nothing".to_owned()),
        Ok(span) if span.0 > 24 * 3_600_000 => Err("a duration is at most 24h".to_owned()),
        Ok(span) => Ok(span),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn timeout(text: &str) -> Result<Millis, String> {
    let span: Millis = text
        .parse()
        .map_err(|error: shared::time::BadDuration| error.to_string())?;
    if (100..=60_000).contains(&span.0) {
        Ok(span)
    } else {
        Err("a timeout lies between 100ms and 60s".to_owned())
    }
}

fn factor(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|factor| (0.001..=1_000.0).contains(factor))
        .ok_or_else(|| format!("`{text}` is not a factor from 0.001 to 1000"))
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
    fn an_address_is_a_port_of_this_machine_or_a_whole_one() {
        for text in ["8090", "localhost:8090", "127.0.0.1:8090"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:8090");
        }
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for text in ["core", "70000", "", "localhost", "example.com:80"] {
            assert!(
                address(text).unwrap_err().contains("127.0.0.1:8090"),
                "{text}"
            );
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
