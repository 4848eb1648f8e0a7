//! Where results are, for every command that reads or writes them.

use std::path::PathBuf;

use clap::Args;

/// The results folder below the current one.
const DEFAULT: &str = "results";

/// The results folder.
#[derive(Debug, Clone, Args, Default)]
pub struct ResultsFolder {
    /// Folder that contains the result folders
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = DEFAULT
    )]
    pub results: PathBuf,
}

impl ResultsFolder {
    /// The folder that is used if none is named.
    pub fn default_path() -> PathBuf {
        PathBuf::from(DEFAULT)
    }
}

/// Several runs of a results folder, which may differ in more than they should.
#[derive(Debug, Clone, Args)]
pub struct ComparedRuns {
    /// Also compare runs that differ in load or configuration, and list the differences
    #[arg(long, env = "LOADGEN_ANYWAY")]
    pub anyway: bool,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}
