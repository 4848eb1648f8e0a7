//! `loadgen history`: a metric over all finished runs of a folder, and where its level changed.

use crate::{
    cli::{failure::Failure, flags::HistoryArgs, output::print},
    exit,
    live::TerminalCapabilities,
};
use loadgen_report::{
    history::{comparable_runs, default_metrics, metric_named, series},
    render::{history, history_csv},
    store,
};

/// Maximum number of metrics; more columns do not fit a line.
const MAX_METRICS: usize = 3;

/// Prints the table.
pub(in crate::cli) fn run(args: &HistoryArgs) -> Result<u8, Failure> {
    let results = &args.compared.folder.results;
    let (all, unread) = if results.join("runs").is_dir() {
        store::finished_runs(results).map_err(Failure::usage)?
    } else {
        (Vec::new(), 0)
    };
    if all.is_empty() {
        return Err(Failure::Usage(format!(
            "there is no finished run in {}: name another folder with --results, or make a run with `loadgen demo`",
            results.display()
        )));
    }
    let mut kept =
        comparable_runs(all, args.name.as_deref(), args.compared.anyway).map_err(Failure::Usage)?;
    if unread > 0 && args.name.is_none() {
        kept.left_out
            .insert("unfinished or unreadable".to_owned(), unread);
    }
    let mut metrics = args
        .metric
        .iter()
        .map(|name| metric_named(&kept, name))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::Usage)?;
    if metrics.is_empty() {
        metrics = default_metrics(&kept);
    }
    if metrics.is_empty() {
        return Err(Failure::usage(
            "none of these experiments has a primary metric: name one with --metric",
        ));
    }
    if metrics.len() > MAX_METRICS {
        return Err(Failure::Usage(format!(
            "{} metrics do not fit a line: at most {MAX_METRICS}",
            metrics.len()
        )));
    }
    let found: Vec<_> = metrics.iter().map(|metric| series(&kept, metric)).collect();
    if args.csv {
        print(&history_csv(&kept, &found))?;
    } else {
        let look = TerminalCapabilities::of_stdout();
        print(&history(&kept, &found, look.width, look.colour))?;
    }
    Ok(exit::PASSED)
}
