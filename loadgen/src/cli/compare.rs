//! `loadgen compare`: result folders side by side.

use std::path::PathBuf;

use clap::Args;

use super::{
    found::result_folder,
    outcome::{Failure, print},
};
use crate::{
    exit,
    live::TerminalCapabilities,
    report::{Chosen, compare, differences, undeclared},
    store,
};

/// Most runs; more columns do not fit a line.
const MOST: usize = 6;

/// `loadgen compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArgs {
    /// Two to six result folders, or their names
    #[arg(value_name = "RUN", num_args = 2..=MOST, required = true)]
    pub runs: Vec<PathBuf>,
    /// Which arm of each: before, after or run; the last one without it
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
    /// Compare also where something else differs, and say so loudly
    #[arg(long, env = "LOADGEN_ANYWAY")]
    pub anyway: bool,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}

/// Prints the table, or refuses.
pub(super) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    let mut runs = Vec::new();
    for word in &args.runs {
        let folder = result_folder(word, &args.results)?;
        let summary = store::load(&folder).map_err(Failure::usage)?;
        let path = folder.canonicalize().unwrap_or(folder);
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let chosen = Chosen::of(name, summary, args.arm.as_deref()).map_err(Failure::Usage)?;
        runs.push(chosen);
    }
    let found = differences(&runs);
    let loud = undeclared(&found, &args.differs);
    if !loud.is_empty() && !args.anyway {
        let names: Vec<&str> = loud.iter().map(|one| one.what.as_str()).collect();
        return Err(Failure::Usage(format!(
            "these runs cannot be compared: besides what was declared they differ in {}; declare what is meant with --differs, or see them all the same with --anyway",
            names.join(", ")
        )));
    }
    let look = TerminalCapabilities::of_stdout();
    print(&compare(&runs, &found, &loud, look.width, look.colour))?;
    Ok(exit::PASSED)
}
