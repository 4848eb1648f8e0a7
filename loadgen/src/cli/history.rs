//! `loadgen history`: a metric over all finished runs of a folder, and where its level changed.

use std::path::PathBuf;

use clap::Args;

use super::outcome::{Failure, print};
use crate::{
    exit,
    history::{comparable_runs, default_metrics, series},
    live::TerminalCapabilities,
    report::{history, history_csv},
    store,
};

/// Most metrics; more columns do not fit a line.
const MOST: usize = 3;

/// `loadgen history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// The suite or experiment; needed where the folder has runs of several
    #[arg(long, env = "LOADGEN_NAME", value_name = "NAME")]
    pub name: Option<String>,
    /// Which metric, like "total p97.5" (repeatable); without it the claim of an experiment, tail
    /// and success of a run
    #[arg(
        long,
        env = "LOADGEN_METRIC",
        value_name = "METRIC",
        value_delimiter = ','
    )]
    pub metric: Vec<String>,
    /// Also show runs that were asked something else than the newest one, and say what
    #[arg(long, env = "LOADGEN_ANYWAY")]
    pub anyway: bool,
    /// Write it as CSV
    #[arg(long, env = "LOADGEN_CSV")]
    pub csv: bool,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}

/// Prints the table.
pub(super) fn run(args: &HistoryArgs) -> Result<u8, Failure> {
    let (all, unread) = store::past(&args.results).map_err(Failure::usage)?;
    if all.is_empty() {
        return Err(Failure::Usage(format!(
            "there is no finished run in {}",
            args.results.join("runs").display()
        )));
    }
    let mut kept =
        comparable_runs(all, args.name.as_deref(), args.anyway).map_err(Failure::Usage)?;
    if unread > 0 && args.name.is_none() {
        kept.left_out
            .insert("unfinished or unreadable".to_owned(), unread);
    }
    let mut metrics = args.metric.clone();
    if metrics.is_empty() {
        metrics = default_metrics(&kept);
    }
    if metrics.is_empty() {
        return Err(Failure::usage(
            "none of these experiments staked a claim on a metric: name one with --metric",
        ));
    }
    if metrics.len() > MOST {
        return Err(Failure::Usage(format!(
            "{} metrics do not fit a line: at most {MOST}",
            metrics.len()
        )));
    }
    let found = metrics
        .iter()
        .map(|metric| series(&kept, metric))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::Usage)?;
    if args.csv {
        print(&history_csv(&kept, &found))?;
    } else {
        let look = TerminalCapabilities::of_stdout();
        print(&history(&kept, &found, look.width, look.colour))?;
    }
    Ok(exit::PASSED)
}
