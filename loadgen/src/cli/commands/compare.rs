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
    baseline::{RunMetric, against_baseline},
    schema::Summary,
};
use loadgen_report::{
    history::{PastRun, default_metrics_of, earlier_like},
    render::{
        BaselineComparison, Chosen, ComparisonCheck, Difference, baseline_markdown, baseline_text,
        compare, differences,
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
    let check = check(args, &runs, &found)?;
    let look = TerminalCapabilities::of_stdout();
    print(&compare(&runs, &check, look.width, look.colour))?;
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
    let mut now: Vec<PastRun> = Vec::new();
    for word in words {
        let run = read(args, word)?;
        // Figures of one run that count twice would show how little runs differ.
        if now.iter().any(|other| other.folder == run.folder) {
            return Err(Failure::Usage(format!("{} is named twice", run.folder)));
        }
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
            "{} and the baseline `{name}` cannot be compared: they are not of one kind (a run, an experiment or a capacity search)",
            kind.folder
        )));
    }
    let all: Vec<Chosen> = std::iter::once(&baseline)
        .chain(&now)
        .map(|run| Chosen::of(run.folder.clone(), run.summary.clone(), None))
        .collect::<Result<_, _>>()
        .map_err(Failure::Usage)?;
    let found = differences(&all);
    let check = check(args, &all, &found)?;
    let (mut past, _unread) = store::finished_runs(results).map_err(Failure::usage)?;
    // A run is on one side alone, also where it is older than the baseline.
    past.retain(|one| now.iter().all(|run| run.folder != one.folder));
    let earlier = earlier_runs(past, &baseline);
    let metrics = if args.metric.is_empty() {
        default_metrics_of(&baseline.summary)
    } else {
        args.metric
            .iter()
            .map(|name| name.parse::<RunMetric>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::usage)?
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
        doubts: &check.reasons,
    };
    let text = match args.format {
        ComparisonFormat::Md => baseline_markdown(&comparison),
        ComparisonFormat::Text => {
            let look = TerminalCapabilities::of_stdout();
            baseline_text(&comparison, look.width, look.colour)
        }
    };
    print(&text)?;
    Ok(comparison.exit_code())
}

/// The newest runs before the baseline that stand for it as the runs that are compared have to: in nothing but the
/// commit do they differ from it. One of another machine or other data would move what a later run is held against.
fn earlier_runs(past: Vec<PastRun>, baseline: &PastRun) -> Vec<PastRun> {
    let chosen = |run: &PastRun| Chosen::of(run.folder.clone(), run.summary.clone(), None).ok();
    let mut both: Vec<Chosen> = chosen(baseline).into_iter().collect();
    let is_alike = |run: &PastRun| {
        both.truncate(1);
        both.extend(chosen(run));
        both.len() == 2 && differences(&both).iter().all(|one| one.subject)
    };
    let same_load = earlier_like(past, baseline).into_iter();
    same_load.filter(is_alike).take(MOST_EARLIER).collect()
}

fn read(args: &CompareArgs, word: &Path) -> Result<PastRun, Failure> {
    let folder = store::resolve_run_dir(word, &args.compared.folder.results)?;
    let summary = store::load(&folder).map_err(Failure::usage)?;
    let path = folder.canonicalize().unwrap_or(folder);
    let name = path.file_name().unwrap_or(path.as_os_str());
    let folder = name.to_string_lossy().into_owned();
    Ok(PastRun { folder, summary })
}

/// The check of the runs; refused without `--anyway` where they differ in what was not declared.
fn check<'a>(
    args: &CompareArgs,
    runs: &[Chosen],
    found: &'a [Difference],
) -> Result<ComparisonCheck<'a>, Failure> {
    let check = ComparisonCheck::of(runs, found, &args.differs);
    if check.undeclared.is_empty() || args.compared.anyway {
        return Ok(check);
    }
    let names: Vec<&str> = check
        .undeclared
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    Err(Failure::Usage(format!(
        "these runs cannot be compared: besides what was declared they differ in {}; declare what is meant to differ with --differs, or see their figures side by side with --anyway",
        names.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published experiment as a run of a day, after a change.
    fn past(day: u32, change: fn(&mut Summary)) -> PastRun {
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
        let mut summary = store::load(&published.join("mentor_cache")).unwrap();
        summary.started_at = format!("2026-01-{day:02}T00:00:00Z").parse().unwrap();
        change(&mut summary);
        PastRun {
            folder: format!("{day:02}"),
            summary,
        }
    }

    #[test]
    fn a_run_of_another_machine_or_other_data_stands_for_no_baseline() {
        let all = vec![
            past(1, |_| {}),
            past(2, |summary| {
                let mut entries = summary.environment.iter_mut();
                let data = entries.find(|(name, _)| name == "data");
                data.unwrap().1 = "large".to_owned();
            }),
            past(3, |summary| {
                summary.provenance.as_mut().unwrap().host.cores += 2;
            }),
            past(4, |summary| {
                let program = &mut summary.provenance.as_mut().unwrap().program;
                program.commit = Some("another".to_owned());
            }),
            past(6, |_| {}),
        ];
        let found = earlier_runs(all, &past(5, |_| {}));
        let days: Vec<&str> = found.iter().map(|run| run.folder.as_str()).collect();
        assert_eq!(days, ["04", "01"]);
    }
}
