//! The flags of `loadgen plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{folder::ResultsFolder, values::whole};

/// The form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For a terminal.
    Text,
    /// Markdown.
    Md,
    /// A page that needs nothing but itself.
    Html,
    /// Every figure with its interval and what it comes from.
    Json,
}

/// `loadgen plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Result folders of capacity, run or experiment, or their names; what the first does not have is
    /// taken from the others [default: latest]
    #[arg(value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// File of what is assumed: users, requests_per_user_hour, and what replaces a default
    #[arg(
        long,
        env = "LOADGEN_ASSUME",
        value_name = "FILE",
        required_unless_present = "schema"
    )]
    pub assume: Option<PathBuf>,
    /// Form of the plan
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t = PlanFormat::Text
    )]
    pub format: PlanFormat,
    /// A result of a configuration that the simulation is not fitted to (another load, pool, cache setting,
    /// number of instances): how far the simulation is off there stands beside its projections (repeatable)
    #[arg(
        long,
        env = "LOADGEN_VALIDATE",
        value_name = "RESULT",
        value_delimiter = ','
    )]
    pub validate: Vec<PathBuf>,
    /// Simulated runs of each configuration, whose spread is the interval; 0 simulates nothing
    #[arg(
        long,
        env = "LOADGEN_REPLICATIONS",
        value_name = "N",
        default_value_t = 5,
        value_parser = whole(0_u32, 30)
    )]
    pub replications: u32,
    /// Print the JSON Schema of `--format json` and nothing else
    #[arg(long, env = "LOADGEN_SCHEMA")]
    pub schema: bool,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}
