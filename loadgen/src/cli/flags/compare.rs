//! The flags of `loadgen compare`.

use std::path::PathBuf;

use clap::Args;

/// Maximum number of runs; more columns do not fit a line.
const MAX_RUNS: usize = 6;

/// `loadgen compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArgs {
    /// Two to six result folders, or their names
    #[arg(value_name = "RUN", num_args = 2..=MAX_RUNS, required = true)]
    pub runs: Vec<PathBuf>,
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
    /// Compare even if something else differs too, and mark it in the output
    #[arg(long, env = "LOADGEN_ANYWAY")]
    pub anyway: bool,
    /// Folder that contains the result folders
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}
