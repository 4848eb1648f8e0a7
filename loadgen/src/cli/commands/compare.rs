//! `loadgen compare`: result folders side by side, or beside a baseline.

use std::path::Path;

use crate::{
    cli::{
        failure::Failure,
        flags::{CompareArgs, ComparisonFormat},
        output::print,
    },
    exit,
    live::TerminalCapabilities,
};
use loadgen_experiment::{
    baseline::{against_baseline, worst},
    schema::{Decision, Summary},
};
use loadgen_report::{
    history::{PastRun, default_metrics_of, earlier_like, is_valid},
    render::{
        BaselineComparison, Chosen, Difference, baseline_markdown, baseline_text, compare,
        differences, undeclared,
    },
    store,
};

/// Earlier runs that show how much runs of the baseline's kind differ among each other.
const MOST_EARLIER: usize = 19;

/// Prints the table, or refuses.
pub(in crate::cli) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    if let Some(why) = args.refusal() {
        return Err(Failure::usage(why));
    }
    match &args.baseline {
        Some(name) => beside_baseline(args, name),
        None => side_by_side(args),
    }
}

fn side_by_side(args: &CompareArgs) -> Result<u8, Failure> {
    let mut runs = Vec::new();
    for word in &args.runs {
        let PastRun { folder, summary } = read(args, word)?;
        runs.push(Chosen::of(folder, summary, args.arm.as_deref()).map_err(Failure::Usage)?);
    }
    let found = differences(&runs);
    let undeclared_differences = declared_only(args, &found)?;
    let look = TerminalCapabilities::of_stdout();
    print(&compare(
        &runs,
        &found,
        &undeclared_differences,
        look.width,
        look.colour,
    ))?;
    Ok(exit::PASSED)
}

/// Decides whether the runs differ from the baseline, and returns the exit code of that decision.
fn beside_baseline(args: &CompareArgs, name: &str) -> Result<u8, Failure> {
    let results = &args.compared.folder.results;
    let folder = store::baseline_dir(results, name).map_err(Failure::usage)?;
    let baseline = read(args, &folder)?;
    let latest = [Path::new("latest")];
    let words = args.runs.iter().map(std::path::PathBuf::as_path);
    let words: Vec<&Path> = if args.runs.is_empty() {
        latest.to_vec()
    } else {
        words.collect()
    };
    let mut now = Vec::new();
    for word in words {
        let run = read(args, word)?;
        if run.folder == baseline.folder {
            return Err(Failure::Usage(format!(
                "{} is the baseline `{name}` itself: name a later run",
                run.folder
            )));
        }
        now.push(run);
    }
    if let Some(kind) = now
        .iter()
        .find(|run| run.summary.kind != baseline.summary.kind)
    {
        return Err(Failure::Usage(format!(
            "{} and the baseline `{name}` cannot be compared: one is an experiment, the other is not",
            kind.folder
        )));
    }
    let all: Vec<Chosen> = std::iter::once(&baseline)
        .chain(&now)
        .map(|run| Chosen::of(run.folder.clone(), run.summary.clone(), None))
        .collect::<Result<_, _>>()
        .map_err(Failure::Usage)?;
    let found = differences(&all);
    let undeclared_differences = declared_only(args, &found)?;
    let unlike = undeclared_differences.iter().map(|one| one.what.clone());
    let (past, _unread) = store::finished_runs(results).map_err(Failure::usage)?;
    let earlier = earlier_like(past, &baseline, MOST_EARLIER);
    let metrics = if args.metric.is_empty() {
        default_metrics_of(&baseline.summary)
    } else {
        args.metric.clone()
    };
    let old: Vec<&Summary> = std::iter::once(&baseline)
        .chain(&earlier)
        .map(|run| &run.summary)
        .collect();
    let new: Vec<&Summary> = now.iter().map(|run| &run.summary).collect();
    let comparison = BaselineComparison {
        name,
        baseline: &baseline,
        earlier: earlier.len(),
        now: &now,
        changes: &against_baseline(&metrics, &old, &new).map_err(Failure::Usage)?,
        differences: &found,
        doubt: doubt(&unlike.collect::<Vec<_>>(), &baseline, &now),
    };
    let text = match args.format {
        ComparisonFormat::Md => baseline_markdown(&comparison),
        ComparisonFormat::Text => {
            let look = TerminalCapabilities::of_stdout();
            baseline_text(&comparison, look.width, look.colour)
        }
    };
    print(&text)?;
    let worse = comparison.doubt.is_none() && worst(comparison.changes) == Decision::Regressed;
    Ok(if worse { exit::FAILED } else { exit::PASSED })
}

/// Why nothing can be decided, whatever the figures are.
fn doubt(unlike: &[String], baseline: &PastRun, now: &[PastRun]) -> Option<String> {
    let mut runs = std::iter::once(baseline).chain(now);
    if let Some(run) = runs.find(|run| !is_valid(&run.summary)) {
        return Some(format!(
            "{} is {}, so its figures decide nothing",
            run.folder, run.summary.verdict.word
        ));
    }
    (!unlike.is_empty()).then(|| {
        format!(
            "the runs also differ in {}, so no decision is made",
            unlike.join(", ")
        )
    })
}

fn read(args: &CompareArgs, word: &Path) -> Result<PastRun, Failure> {
    let folder = store::resolve_run_dir(word, &args.compared.folder.results)?;
    let summary = store::load(&folder).map_err(Failure::usage)?;
    let path = folder.canonicalize().unwrap_or(folder);
    let name = path.file_name().unwrap_or(path.as_os_str());
    let folder = name.to_string_lossy().into_owned();
    Ok(PastRun { folder, summary })
}

/// The differences that nobody declared; refused without `--anyway`.
fn declared_only<'a>(
    args: &CompareArgs,
    found: &'a [Difference],
) -> Result<Vec<&'a Difference>, Failure> {
    let undeclared_differences = undeclared(found, &args.differs);
    if undeclared_differences.is_empty() || args.compared.anyway {
        return Ok(undeclared_differences);
    }
    let names: Vec<&str> = undeclared_differences
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    Err(Failure::Usage(format!(
        "these runs cannot be compared: besides what was declared they differ in {}; declare what is meant to differ with --differs, or compare them with --anyway",
        names.join(", ")
    )))
}
