//! The flags of `loadgen history`.

use std::path::PathBuf;

use clap::Args;

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
    /// Also show runs whose load or configuration differs from the newest one, and list the
    /// differences
    #[arg(long, env = "LOADGEN_ANYWAY")]
    pub anyway: bool,
    /// Print CSV instead of text
    #[arg(long, env = "LOADGEN_CSV")]
    pub csv: bool,
    /// Folder that contains the result folders
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}
