//! The flags of `loadgen plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::folder::ResultsFolder;

/// The form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For a terminal.
    Text,
    /// Markdown.
    Md,
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
    #[arg(long, env = "LOADGEN_ASSUME", value_name = "FILE")]
    pub assume: PathBuf,
    /// Form of the plan
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t = PlanFormat::Text
    )]
    pub format: PlanFormat,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}
