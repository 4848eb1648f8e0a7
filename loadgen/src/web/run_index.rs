//! The list of past runs, newest first, of what the store reads of each. Files that have not changed
//! are not read again.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::report_files::{self, is_plain_name};
use loadgen_experiment::{
    events::printable,
    schema::{Percentile, VerdictWord},
};
use loadgen_report::store::{self, StoredRun, SummaryOutline};

/// Most runs of the list.
const MAX_RUNS: usize = 500;
/// Most points of the small chart of a run.
const MAX_SPARK: usize = 40;

/// Files of figures, each with the report to open. The first that exists counts.
const SOURCES: [RunSource; 2] = [
    RunSource {
        figures: "summary.json",
        report: "report.html",
    },
    RunSource {
        figures: "factorial.json",
        report: "factorial.md",
    },
];

/// The percentile of the small chart.
const P95: f64 = 0.95;

/// File names of a run.
#[derive(Debug, Clone, Copy, Serialize)]
struct RunSource {
    /// File name of the figures.
    figures: &'static str,
    /// File name of the report.
    report: &'static str,
}

/// A finished run.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RunEntry {
    /// Its folder below `runs/`.
    folder: String,
    name: String,
    /// `run`, `experiment`, `capacity` or `factorial`.
    kind: String,
    question: String,
    started_at: DateTime<Utc>,
    took_s: f64,
    verdict: VerdictWord,
    #[serde(flatten)]
    source: RunSource,
    /// Whether it has a summary that can be read, which the comparison needs.
    comparable: bool,
    /// Requests a second that its last arm answered.
    rate_per_s: Option<f64>,
    /// Their 95th percentile in milliseconds, or why there is none.
    p95_ms: Option<Percentile>,
    /// Share of its requests that failed.
    errors: Option<f64>,
    /// The answer with its confidence in one line; empty where there is none.
    headline: String,
    /// What it looked like: p95 over time, of an experiment the ratio of each block.
    spark: Vec<Option<f64>>,
}

/// Lists the runs of a results folder.
#[derive(Debug, Default)]
pub(super) struct RunIndex {
    /// What was read already: by folder, with the time at which its file was written.
    cache: Mutex<HashMap<String, (SystemTime, RunEntry)>>,
}

impl RunIndex {
    /// The runs that are in `root/runs` now.
    pub(super) fn list(&self, root: &Path) -> Vec<RunEntry> {
        let runs = root.join("runs");
        let Ok(entries) = std::fs::read_dir(&runs) else {
            return Vec::new();
        };
        let mut folders: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_plain_name(name))
            .collect();
        // Names begin with the time, so their order is the order of the runs.
        folders.sort_unstable_by(|a, b| b.cmp(a));
        folders.truncate(MAX_RUNS);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|folder, _| folders.contains(folder));
        folders
            .into_iter()
            .filter_map(|folder| {
                let (file, source) = SOURCES.into_iter().find_map(|source| {
                    let figures = format!("/runs/{folder}/{}", source.figures);
                    let (file, _) = report_files::resolve(root, &figures)?;
                    Some((file, source))
                })?;
                let written = file.metadata().ok()?.modified().ok()?;
                if let Some((at, row)) = cache.get(&folder)
                    && *at == written
                {
                    return Some(row.clone());
                }
                let row = read(&file, &runs.join(&folder), source)?;
                cache.insert(folder, (written, row.clone()));
                Some(row)
            })
            .collect()
    }
}

/// The finished run in a folder, with this file of figures.
fn read(file: &Path, folder: &Path, source: RunSource) -> Option<RunEntry> {
    match store::load_outline(file) {
        Ok(summary) => {
            let name = folder.file_name()?.to_str()?.to_owned();
            Some(RunEntry::of(&summary, name, source))
        }
        // A factorial experiment has none, and one of another version cannot be compared.
        Err(_) => RunEntry::without_summary(&store::stored_run(folder)?, source),
    }
}

impl RunEntry {
    fn of(summary: &SummaryOutline, folder: String, source: RunSource) -> Self {
        let verdict = &summary.verdict;
        let total = summary.arms.last().map(|arm| &arm.total);
        Self {
            folder,
            name: printable(&summary.name),
            kind: summary.kind.as_str().to_owned(),
            question: printable(&summary.question),
            started_at: summary.started_at,
            took_s: summary.took_s,
            verdict: verdict.word,
            source,
            comparable: true,
            rate_per_s: total.map(|total| total.rate_per_s),
            p95_ms: total.map(|total| total.response.p95),
            errors: total.map(|total| (1.0 - total.success).max(0.0)),
            headline: printable(&verdict.confidence.beside(&verdict.headline)),
            spark: spark(summary),
        }
    }

    /// The entry of a run of which the outcome alone is read; absent where it has not finished.
    fn without_summary(run: &StoredRun, source: RunSource) -> Option<Self> {
        Some(Self {
            folder: run.folder.clone(),
            name: printable(&run.name),
            kind: printable(&run.command),
            question: String::new(),
            started_at: run.started_at,
            took_s: run.took_s?,
            verdict: run.verdict.as_ref()?.word,
            source,
            comparable: false,
            rate_per_s: None,
            p95_ms: None,
            errors: None,
            headline: printable(&run.headline()),
            spark: Vec::new(),
        })
    }
}

/// The points of the small chart of a run, at most [`MAX_SPARK`].
fn spark(summary: &SummaryOutline) -> Vec<Option<f64>> {
    if let Some(claim) = summary.effects.iter().find(|effect| effect.primary) {
        let ratios = claim.block_ratios.iter().copied();
        return ratios.take(MAX_SPARK).map(Some).collect();
    }
    let seconds: Vec<Option<f64>> = summary
        .trials
        .last()
        .map(|trial| {
            let pooled = trial.pooled.iter().find(|one| one.share == P95);
            if let Some(pooled) = pooled {
                let measured = pooled.points.iter().filter(|(from, _)| *from >= 0);
                return measured.map(|(_, ms)| Some(*ms)).collect();
            }
            let measured = trial.series.iter().filter(|one| one.second >= 0);
            measured.map(|one| one.p95_ms).collect()
        })
        .unwrap_or_default();
    // Of several seconds the slowest.
    let each = seconds.len().div_ceil(MAX_SPARK).max(1);
    seconds
        .chunks(each)
        .map(|chunk| chunk.iter().flatten().copied().reduce(f64::max))
        .collect()
}

#[cfg(test)]
mod tests {
    use loadgen_experiment::schema::{PooledPercentile, RunKind, Second, Summary};
    use loadgen_report::store::Folder;

    use super::*;

    /// The figures of a published experiment.
    fn published() -> Summary {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
        store::load(&all.join("mentor_cache")).unwrap()
    }

    /// A result folder that a command began on a day.
    fn begun(root: &Path, command: &str, day: u32) -> Folder {
        let at = format!("2026-01-{day:02}T00:00:00Z").parse().unwrap();
        Folder::create(root, command, "core", at).unwrap()
    }

    /// A run of a day with these figures.
    fn keep(root: &Path, day: u32, summary: &Summary) -> Folder {
        let folder = begun(root, "run", day);
        folder.seal(summary, &[]).unwrap();
        folder
    }

    #[test]
    fn runs_are_listed_newest_first_and_unfinished_ones_are_not() {
        let root = tempfile::tempdir().unwrap();
        let mut summary = published();
        summary.name = "first\u{1b}[2J".to_owned();
        let first = keep(root.path(), 1, &summary);
        summary.name = "second".to_owned();
        summary.kind = RunKind::Run;
        keep(root.path(), 2, &summary);
        let factorial = begun(root.path(), "factorial", 3);
        let runs = RunIndex::default();
        begun(root.path(), "run", 4);
        let figures = serde_json::json!({ "schema_version": 3 });
        factorial.write_json("factorial.json", &figures).unwrap();
        assert_eq!(runs.list(root.path()).len(), 2, "none of the others ended");
        factorial.close(&summary, &[]).unwrap();
        let rows = runs.list(root.path());
        let shown: Vec<(&str, &str, &str, bool)> = rows
            .iter()
            .map(|row| {
                let report = row.source.report;
                (row.name.as_str(), row.kind.as_str(), report, row.comparable)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("core", "factorial", "factorial.md", false),
                ("second", "run", "report.html", true),
                ("first[2J", "experiment", "report.html", true),
            ]
        );
        // A folder that has gone is forgotten; one that is there is not read again.
        first.discard();
        assert_eq!(runs.list(root.path()).len(), 2);
        assert_eq!(runs.cache.lock().unwrap().len(), 2);
    }

    #[test]
    fn a_run_of_another_version_is_listed_and_not_offered_for_comparison() {
        let root = tempfile::tempdir().unwrap();
        let summary = published();
        let folder = keep(root.path(), 1, &summary);
        let mut other = serde_json::to_value(&summary).unwrap();
        other["schema_version"] = serde_json::json!(summary.schema_version + 1);
        folder.write_json("summary.json", &other).unwrap();
        let rows = RunIndex::default().list(root.path());
        assert_eq!((rows.len(), rows[0].comparable), (1, false));
        assert_eq!(rows[0].verdict, summary.verdict.word);
        assert!(rows[0].headline.contains(&summary.verdict.headline));
        let sent = serde_json::to_value(&rows[0]).unwrap();
        assert_eq!(sent["figures"], "summary.json");
    }

    #[test]
    fn a_run_has_its_answer_its_figures_and_its_shape() {
        let root = tempfile::tempdir().unwrap();
        let mut run = published();
        run.verdict.headline = "p95 12.5 ms".to_owned();
        let total = &mut run.arms.last_mut().unwrap().total;
        (total.rate_per_s, total.success) = (50.0, 0.98);
        total.response.p95 = Percentile::Known(12.5);
        run.effects.retain(|effect| effect.primary);
        run.effects[0].block_ratios = vec![0.5, 0.6];
        keep(root.path(), 3, &run);
        run.effects.clear();
        let trial = run.trials.last_mut().unwrap();
        trial.series = (-5..100)
            .map(|second| Second {
                second,
                p95_ms: Some(second as f64),
                ..Second::default()
            })
            .collect();
        trial.pooled = vec![PooledPercentile {
            share: P95,
            step_s: 5,
            points: vec![(-5, 9.0), (0, 7.5), (5, 8.0)],
        }];
        keep(root.path(), 2, &run);
        run.trials.last_mut().unwrap().pooled.clear();
        keep(root.path(), 1, &run);
        let rows = RunIndex::default().list(root.path());
        assert_eq!(rows[0].spark, [Some(0.5), Some(0.6)]);
        assert_eq!(rows[1].spark, [Some(7.5), Some(8.0)]);
        assert_eq!((rows[2].spark.len(), rows[2].spark[0]), (34, Some(2.0)));
        for row in &rows {
            assert_eq!(
                (row.rate_per_s, row.p95_ms),
                (Some(50.0), Some(Percentile::Known(12.5)))
            );
            assert!((row.errors.unwrap() - 0.02).abs() < 1e-9);
            let answer = format!("p95 12.5 ms; {}", run.verdict.confidence);
            assert_eq!(row.headline, answer);
        }
    }

    #[test]
    fn a_run_whose_p95_is_beyond_the_timeout_is_no_run_of_too_few_requests() {
        let root = tempfile::tempdir().unwrap();
        let mut run = published();
        let all = [Percentile::BeyondTimeout, Percentile::TooFew { n: 13 }];
        for (day, p95) in (1..).zip(all) {
            run.arms.last_mut().unwrap().total.response.p95 = p95;
            keep(root.path(), day, &run);
        }
        let rows = serde_json::to_value(RunIndex::default().list(root.path())).unwrap();
        assert_eq!(rows[0]["p95_ms"], serde_json::json!({ "too_few": 13 }));
        assert_eq!(rows[1]["p95_ms"], "beyond_timeout");
    }

    #[test]
    fn a_link_out_of_the_results_folder_is_not_followed() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let theirs = keep(other.path(), 1, &published());
        let runs = root.path().join("runs");
        std::fs::create_dir_all(runs.join("one")).unwrap();
        let file = theirs.path().join("summary.json");
        std::os::unix::fs::symlink(file, runs.join("one/summary.json")).unwrap();
        std::os::unix::fs::symlink(theirs.path(), runs.join("two")).unwrap();
        let listed = || RunIndex::default().list(root.path()).len();
        assert_eq!(listed(), 0);
        let ours = keep(root.path(), 2, &published());
        std::os::unix::fs::symlink(ours.path(), runs.join("three")).unwrap();
        assert_eq!(listed(), 2);
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_runs() {
        let root = tempfile::tempdir().unwrap();
        assert!(
            RunIndex::default()
                .list(&root.path().join("none"))
                .is_empty()
        );
    }
}
