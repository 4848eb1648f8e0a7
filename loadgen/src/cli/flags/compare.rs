//! The flags of `loadgen compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::folder::ComparedRuns;

/// Maximum number of runs; more columns do not fit a line.
const MAX_RUNS: usize = 6;

/// The form of a comparison with a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    /// For a terminal.
    Text,
    /// Markdown, for a pull request.
    Md,
}

/// `loadgen compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArgs {
    /// Two to six result folders, or their names; with --baseline one or more [default: latest]
    #[arg(value_name = "RUN", num_args = 1..=MAX_RUNS, required_unless_present = "baseline")]
    pub runs: Vec<PathBuf>,
    /// Decide whether the runs differ from this baseline; exit code 99 where a metric is worse, else
    /// 96 where one is not decided, 97 where nothing may be decided
    #[arg(
        long,
        env = "LOADGEN_BASELINE",
        value_name = "NAME",
        conflicts_with = "arm"
    )]
    pub baseline: Option<String>,
    /// Metric to decide on, like "total p97.5" (repeatable) [default: the primary metric of an
    /// experiment; tail and success of a run; `capacity` of a capacity search, which has no other]
    #[arg(
        long,
        env = "LOADGEN_METRIC",
        value_name = "METRIC",
        value_delimiter = ',',
        requires = "baseline"
    )]
    pub metric: Vec<String>,
    /// Form of the comparison with a baseline
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t = ComparisonFormat::Text
    )]
    pub format: ComparisonFormat,
    /// Arm of each run that is compared: before, after or run [default: the last one]
    #[arg(long, env = "LOADGEN_ARM", value_name = "ARM")]
    pub arm: Option<String>,
    /// What is meant to differ: a switch, `load`, or a name from the environment (repeatable)
    #[arg(
        long,
        env = "LOADGEN_DIFFERS",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub differs: Vec<String>,
    /// Which runs may be compared, and where they are.
    #[command(flatten)]
    pub compared: ComparedRuns,
}

impl CompareArgs {
    /// Why the runs cannot be compared; `None` where they can.
    pub fn refusal(&self) -> Option<&'static str> {
        if self.baseline.is_none() && self.runs.len() < 2 {
            return Some("name two runs at least, or one and --baseline");
        }
        let markdown = self.format == ComparisonFormat::Md;
        (self.baseline.is_none() && markdown)
            .then_some("--format md is for a comparison with --baseline")
    }
}
