//! `loadgen results`: the runs of a results folder listed, old ones removed, one packed.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use shared::time::Millis;

use super::{
    found::result_folder,
    outcome::{Failure, print},
};
use crate::{
    events::printable,
    exit,
    live::Look,
    report::{self, Format, figures},
    store::{self, PruneRule, RunEntry},
};

/// `loadgen results`.
#[derive(Debug, Clone, Args)]
pub struct ResultsArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub what: What,
}

/// What can be done with results.
#[derive(Debug, Clone, Subcommand)]
pub enum What {
    /// List the runs, the newest first, each with its key figure
    List(ListArgs),
    /// Remove old runs, and say which; the newest and what may still run stay
    Prune(PruneArgs),
    /// Pack a run's folder into one .tar.gz; the same run gives the same bytes
    Export(ExportArgs),
}

/// `loadgen results list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only runs with this in their name
    #[arg(long, env = "LOADGEN_NAME", value_name = "TEXT")]
    pub name: Option<String>,
    /// At most so many
    #[arg(
        long,
        env = "LOADGEN_LIMIT",
        value_name = "N",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub limit: u32,
    /// Tell it as JSON
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}

/// `loadgen results prune`.
#[derive(Debug, Clone, Args)]
pub struct PruneArgs {
    /// Keep so many of the newest runs
    #[arg(
        long,
        env = "LOADGEN_KEEP",
        value_name = "N",
        required_unless_present = "older_than"
    )]
    pub keep: Option<usize>,
    /// Remove only runs that began longer ago than this, like 30d
    #[arg(long, env = "LOADGEN_OLDER_THAN", value_name = "TIME", value_parser = age)]
    pub older_than: Option<TimeDelta>,
    /// Only say what would be removed
    #[arg(long, env = "LOADGEN_DRY_RUN")]
    pub dry_run: bool,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}

/// `loadgen results export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// A result folder, its name or id, or `latest`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The file to write; the run's name with .tar.gz without it
    #[arg(long, env = "LOADGEN_OUT", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Only these reports, with manifest and verdict: text, md, html, junit, csv, json
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_delimiter = ','
    )]
    pub format: Vec<Format>,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
}

/// Lists, removes or packs.
pub(super) fn run(args: &ResultsArgs) -> Result<u8, Failure> {
    match &args.what {
        What::List(args) => list(args),
        What::Prune(args) => prune(args, Utc::now()),
        What::Export(args) => export(args),
    }?;
    Ok(exit::PASSED)
}

/// Refuses what is no results folder: a wrong name is not an empty index.
fn there(results: &Path) -> Result<(), Failure> {
    if results.is_dir() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} is no folder; name one that holds `runs/` with --results",
        results.display()
    )))
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    there(&args.results)?;
    let mut found = store::list_runs(&args.results).map_err(Failure::usage)?;
    if let Some(name) = &args.name {
        found.retain(|run| run.name.contains(name.as_str()));
    }
    let more = found.len().saturating_sub(args.limit as usize);
    found.truncate(args.limit as usize);
    let runs = args.results.join("runs");
    let with_figure = |run: RunEntry| {
        // Without a summary there is no figure: an unfinished run, or a factorial experiment.
        let figure = store::load(&runs.join(&run.folder))
            .map_or_else(|_| String::new(), |summary| report::headline(&summary));
        (run, figure)
    };
    let found: Vec<(RunEntry, String)> = found.into_iter().map(with_figure).collect();
    if args.json {
        return print(&format!("{:#}\n", report::runs_json(&found)));
    }
    let look = Look::of_stdout();
    print(&report::runs(&found, more, look.width, look.colour))
}

fn prune(args: &PruneArgs, now: DateTime<Utc>) -> Result<(), Failure> {
    there(&args.results)?;
    let rule = PruneRule {
        keep: args.keep,
        before: args.older_than.map(|age| now - age),
    };
    let gone = store::prunable(&args.results, rule, now).map_err(Failure::usage)?;
    let word = if args.dry_run {
        "would remove"
    } else {
        "removed"
    };
    let (mut told, mut bytes) = (String::new(), 0);
    for run in &gone {
        if !args.dry_run {
            // What was removed before it is told even so.
            if let Err(error) = store::remove(&args.results, run) {
                print(&told)?;
                return Err(Failure::internal(error));
            }
        }
        bytes += run.bytes;
        let _infallible = writeln!(told, "{word} {}", printable(&run.folder));
    }
    let _infallible = writeln!(
        told,
        "{word} {}, {}",
        figures::plural(gone.len() as u64, "run"),
        figures::bytes(bytes as f64)
    );
    print(&told)
}

fn export(args: &ExportArgs) -> Result<(), Failure> {
    let folder = result_folder(&args.run, &args.results)?
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
    // A summary may be missing: an unfinished run is packed like any other.
    let at = store::load(&folder).map_or(0, |summary| summary.started_at.timestamp());
    let files = store::export(&folder, &names, at.max(0) as u64, &out).map_err(Failure::usage)?;
    print(&format!(
        "{}: {}\n",
        out.display(),
        figures::plural(files as u64, "file")
    ))
}

/// `30d`, `2w`, or any shorter span like `12h`.
fn age(text: &str) -> Result<TimeDelta, String> {
    let days = |number: &str, each: u32| {
        let days = number.trim().parse::<u32>().ok()?;
        TimeDelta::try_days(i64::from(days) * i64::from(each))
    };
    let long = text
        .strip_suffix('d')
        .and_then(|number| days(number, 1))
        .or_else(|| text.strip_suffix('w').and_then(|number| days(number, 7)));
    let short = || {
        let span = text.parse::<Millis>().ok()?;
        TimeDelta::try_milliseconds(span.0 as i64)
    };
    // A century is longer than anything is kept, and far from overflow.
    long.or_else(short)
        .filter(|age| age.num_days() <= 36_500)
        .ok_or_else(|| {
            format!("`{text}` is not an age: write a number and a unit, like 30d, 2w or 12h")
        })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        assert_eq!(age("30d"), Ok(TimeDelta::days(30)));
        assert_eq!(age("2w"), Ok(TimeDelta::days(14)));
        assert_eq!(age("90m"), Ok(TimeDelta::minutes(90)));
        for wrong in ["30", "d", "-1d", "1e9d", "4000000000d", "yesterday", ""] {
            assert!(age(wrong).unwrap_err().contains("like 30d"), "{wrong}");
        }
    }

    #[test]
    fn what_is_removed_must_be_said() {
        let parse = |words: &str| {
            Cli::try_parse_from(words.split(' '))
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        let refusal = parse("loadgen results prune").unwrap_err();
        assert!(refusal.contains("--keep"), "{refusal}");
        assert!(parse("loadgen results prune --keep 3 --older-than 30d --dry-run").is_ok());
        assert!(
            parse("loadgen results export latest --format html,pdf")
                .unwrap_err()
                .contains("`pdf`")
        );
    }
}
