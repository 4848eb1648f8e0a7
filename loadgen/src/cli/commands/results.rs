//! `loadgen results`: the runs of a results folder listed, old ones removed, one packed.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use shared::text::unknown;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        failure::Failure,
        flags::{
            BaselineArgs, ExportArgs, ListArgs, PruneArgs, ResultsAction, ResultsArgs,
            ResultsFolder,
        },
        output::{print, print_json},
        session::listen,
    },
    exit,
    live::TerminalCapabilities,
};
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::events::printable;
use loadgen_report::{
    render::{self, figures},
    store::{self, PruneRule},
};

/// Lists, removes or packs.
pub(in crate::cli) fn run(args: &ResultsArgs) -> Result<u8, Failure> {
    match &args.action {
        ResultsAction::List(args) => list(args),
        ResultsAction::Baseline(args) => baseline(args),
        ResultsAction::Prune(args) => prune(args, time_of_day().into()),
        ResultsAction::Export(args) => export(args),
    }?;
    Ok(exit::PASSED)
}

/// Refuses a path that is no folder: a wrong name is not an empty list of runs.
fn check_folder(results: &Path) -> Result<(), Failure> {
    if results.is_dir() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} is no folder; name one that contains `runs/` with --results",
        results.display()
    )))
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let results = &args.folder.results;
    // The default folder is made by the first run; a folder that was named has to exist.
    if *results == ResultsFolder::default_path() && !results.exists() {
        return print(if args.json {
            "[]\n"
        } else {
            "no run is stored yet; `loadgen demo` makes a first one\n"
        });
    }
    check_folder(results)?;
    let mut found = store::list_runs(&args.folder.results).map_err(Failure::usage)?;
    if let Some(name) = &args.name {
        let mut known: Vec<String> = found.iter().map(|run| printable(&run.name)).collect();
        found.retain(|run| run.name.contains(name.as_str()));
        if found.is_empty() && !known.is_empty() && !args.json {
            known.sort_unstable();
            known.dedup();
            let known = known.iter().map(String::as_str);
            return print(&format!("{}\n", unknown("name of runs", name, known)));
        }
    }
    let more = found.len().saturating_sub(args.limit as usize);
    found.truncate(args.limit as usize);
    if args.json {
        return print_json(&render::runs_json(&found));
    }
    let look = TerminalCapabilities::of_stdout();
    print(&render::runs(&found, more, look.width, look.colour))
}

/// Keeps a run under a name, or removes the name.
fn baseline(args: &BaselineArgs) -> Result<(), Failure> {
    let results = &args.folder.results;
    check_folder(results)?;
    if args.remove {
        store::forget_baseline(results, &args.name).map_err(Failure::usage)?;
        return print(&format!(
            "{} is no baseline any more; its run stays\n",
            args.name
        ));
    }
    let run = store::resolve_run_dir(&args.run, results)?;
    let kept = store::keep_baseline(results, &args.name, &run).map_err(Failure::usage)?;
    print(&format!(
        "baseline {}: {}\n",
        kept.name,
        printable(&kept.folder)
    ))
}

fn prune(args: &PruneArgs, now: DateTime<Utc>) -> Result<(), Failure> {
    check_folder(&args.folder.results)?;
    let rule = PruneRule {
        keep: args.keep,
        before: args.older_than.map(|age| now - age),
    };
    let gone = store::prunable(&args.folder.results, rule, now).map_err(Failure::usage)?;
    let word = if args.dry_run {
        "would remove"
    } else {
        "removed"
    };
    let (mut text, mut bytes) = (String::new(), 0);
    for run in &gone {
        if !args.dry_run {
            // Print what was removed before the failure.
            if let Err(error) = store::remove(&args.folder.results, run) {
                print(&text)?;
                return Err(Failure::internal(error));
            }
        }
        bytes += run.bytes;
        let _infallible = writeln!(text, "{word} {}", printable(&run.folder));
    }
    let _infallible = writeln!(
        text,
        "{word} {}, {}",
        figures::plural(gone.len() as u64, "run"),
        figures::bytes(bytes as f64)
    );
    print(&text)
}

fn export(args: &ExportArgs) -> Result<(), Failure> {
    let folder = store::resolve_run_dir(&args.run, &args.folder.results)?
        .canonicalize()
        .map_err(Failure::internal)?;
    if !["manifest.json", "summary.json"]
        .iter()
        .any(|file| folder.join(file).is_file())
    {
        return Err(Failure::usage(store::StoreError::NoRun { path: folder }));
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let out = match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{name}.tar.gz")),
    };
    let mut names: Vec<&str> = args.format.iter().map(|format| format.file()).collect();
    if !names.is_empty() {
        names.extend(["manifest.json", "verdict.json"]);
    }
    // A signal finds everything stopped: it ends the process, and nothing is left of the archive.
    let stopped = CancellationToken::new();
    stopped.cancel();
    listen("", stopped)?;
    // A summary may be missing: an unfinished run is packed like any other.
    let at = store::load(&folder).map_or(0, |summary| summary.started_at.timestamp());
    let files = store::export(&folder, &names, at.max(0) as u64, &out).map_err(Failure::usage)?;
    print(&format!(
        "{}: {}\n",
        out.display(),
        figures::plural(files as u64, "file")
    ))
}
