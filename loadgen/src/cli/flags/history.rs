//! The flags of `loadgen history`.

use clap::Args;

use super::folder::ComparedRuns;

/// `loadgen history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// Suite or experiment; required if the folder has runs of several
    #[arg(long, env = "LOADGEN_NAME", value_name = "NAME")]
    pub name: Option<String>,
    /// Metric to show, like "total p97.5" (repeatable) [default: the primary metric of an
    /// experiment; tail and success of a run]
    #[arg(
        long,
        env = "LOADGEN_METRIC",
        value_name = "METRIC",
        value_delimiter = ','
    )]
    pub metric: Vec<String>,
    /// Print CSV instead of text
    #[arg(long, env = "LOADGEN_CSV")]
    pub csv: bool,
    /// Which runs may be compared, and where they are.
    #[command(flatten)]
    pub compared: ComparedRuns,
}
