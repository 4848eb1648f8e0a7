//! The list of past runs, newest first. Files that have not changed are not read again.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use super::report_files::is_plain_name;
use loadgen_experiment::{
    events::printable,
    schema::{Confidence, Percentile, PooledPercentile},
};

/// Most runs of the list.
const MAX_RUNS: usize = 500;
/// Most points of the small chart of a run.
const MAX_SPARK: usize = 40;

/// Files that the list is read from, each with the report to open. The first that exists counts.
const SOURCES: [(&str, &str); 2] = [
    ("summary.json", "report.html"),
    ("factorial.json", "factorial.md"),
];

/// The percentile of the small chart.
const P95: f64 = 0.95;

/// The fields of such a file that the list shows.
#[derive(Deserialize)]
struct RunHead {
    /// A factorial experiment has neither name nor kind.
    #[serde(default)]
    name: String,
    #[serde(default = "factorial")]
    kind: String,
    #[serde(default)]
    question: String,
    started_at: String,
    #[serde(default)]
    took_s: f64,
    verdict: VerdictWord,
    #[serde(default)]
    arms: Vec<ArmHead>,
    #[serde(default)]
    effects: Vec<EffectHead>,
    #[serde(default)]
    trials: Vec<TrialHead>,
}

/// Figures of an arm.
#[derive(Deserialize)]
struct ArmHead {
    total: TotalHead,
}

#[derive(Deserialize)]
struct TotalHead {
    rate_per_s: f64,
    success: f64,
    response: P95Head,
}

#[derive(Deserialize)]
struct P95Head {
    p95: Percentile,
}

/// A decision of an experiment.
#[derive(Deserialize)]
struct EffectHead {
    primary: bool,
    #[serde(default)]
    block_ratios: Vec<f64>,
}

#[derive(Deserialize)]
struct TrialHead {
    series: Vec<SecondHead>,
    #[serde(default)]
    pooled: Vec<PooledPercentile>,
}

#[derive(Deserialize)]
struct SecondHead {
    second: i64,
    p95_ms: Option<f64>,
}

fn factorial() -> String {
    "factorial".to_owned()
}

#[derive(Deserialize)]
struct VerdictWord {
    word: String,
    #[serde(default)]
    headline: String,
    confidence: Option<Confidence>,
}

/// A finished run.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RunEntry {
    /// Its folder below `runs/`.
    folder: String,
    name: String,
    /// `run`, `experiment` or `factorial`.
    kind: String,
    question: String,
    started_at: String,
    took_s: f64,
    verdict: String,
    /// File name of the report.
    report: &'static str,
    /// Whether it has a summary, which the comparison needs.
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
        let Ok(entries) = std::fs::read_dir(root.join("runs")) else {
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
                let (path, comparable, report) =
                    SOURCES
                        .iter()
                        .enumerate()
                        .find_map(|(at, (file, report))| {
                            let path = root.join("runs").join(&folder).join(file);
                            path.is_file().then_some((path, at == 0, *report))
                        })?;
                let written = path.metadata().ok()?.modified().ok()?;
                if let Some((at, row)) = cache.get(&folder)
                    && *at == written
                {
                    return Some(row.clone());
                }
                let row = RunEntry {
                    report,
                    comparable,
                    ..read(&path, folder.clone())?
                };
                cache.insert(folder, (written, row.clone()));
                Some(row)
            })
            .collect()
    }
}

fn read(path: &Path, folder: String) -> Option<RunEntry> {
    let head: RunHead = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let name = if head.name.is_empty() {
        // `2026-01-01T00-00-00Z_factorial_core_ab12`
        folder.split('_').skip(1).collect::<Vec<_>>().join(" ")
    } else {
        printable(&head.name)
    };
    let total = head.arms.last().map(|arm| &arm.total);
    let mut headline = printable(&head.verdict.headline);
    if let Some(confidence) = head.verdict.confidence
        && !headline.is_empty()
    {
        headline = format!("{headline}; {confidence}");
    }
    Some(RunEntry {
        rate_per_s: total.map(|total| total.rate_per_s),
        p95_ms: total.map(|total| total.response.p95),
        errors: total.map(|total| (1.0 - total.success).max(0.0)),
        headline,
        spark: spark(&head),
        folder,
        name,
        kind: printable(&head.kind),
        question: printable(&head.question),
        started_at: printable(&head.started_at),
        took_s: head.took_s,
        verdict: printable(&head.verdict.word),
        report: SOURCES[0].1,
        comparable: false,
    })
}

/// The points of the small chart of a run, at most [`MAX_SPARK`].
fn spark(head: &RunHead) -> Vec<Option<f64>> {
    if let Some(claim) = head.effects.iter().find(|effect| effect.primary) {
        let ratios = claim.block_ratios.iter().copied();
        return ratios.take(MAX_SPARK).map(Some).collect();
    }
    let seconds: Vec<Option<f64>> = head
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
    use super::*;

    fn keep(root: &Path, folder: &str, file: &str, value: &serde_json::Value) {
        let folder = root.join("runs").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), value.to_string()).unwrap();
    }

    #[test]
    fn runs_are_listed_newest_first_and_unfinished_ones_are_not() {
        let root = tempfile::tempdir().unwrap();
        let head = |name: &str| {
            serde_json::json!({
                "name": name, "kind": "run", "started_at": "2026-01-01T00:00:00Z", "took_s": 3.5,
                "verdict": { "word": "PASSED" },
            })
        };
        let one = "2026-01-01T00-00-00Z_run_a";
        keep(root.path(), one, "summary.json", &head("first\u{1b}[2J"));
        let two = "2026-01-02T00-00-00Z_run_b";
        keep(root.path(), two, "summary.json", &head("second"));
        let folded = "2026-01-03T00-00-00Z_factorial_core_ab12";
        let mut value = head("");
        value.as_object_mut().unwrap().remove("kind");
        keep(root.path(), folded, "factorial.json", &value);
        keep(
            root.path(),
            "2026-01-04T00-00-00Z_begun",
            "verdict.json",
            &value,
        );
        let runs = RunIndex::default();
        let rows = runs.list(root.path());
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["factorial core ab12", "second", "first[2J"]);
        assert_eq!(
            (rows[0].kind.as_str(), rows[0].report),
            ("factorial", "factorial.md")
        );
        assert!(rows[1].comparable && !rows[0].comparable);
        // A folder that has gone is forgotten; one that is there is not read again.
        std::fs::remove_dir_all(root.path().join("runs").join(one)).unwrap();
        assert_eq!(runs.list(root.path()).len(), 2);
        assert_eq!(runs.cache.lock().unwrap().len(), 2);
    }

    #[test]
    fn a_run_has_its_answer_its_figures_and_its_shape() {
        let root = tempfile::tempdir().unwrap();
        let total = serde_json::json!({
            "rate_per_s": 50.0, "success": 0.98, "response": { "p95": 12.5 },
        });
        let series: Vec<_> = (-5..100)
            .map(|second| serde_json::json!({ "second": second, "p95_ms": second }))
            .collect();
        let mut run = serde_json::json!({
            "name": "core", "kind": "run", "started_at": "2026-01-01T00:00:00Z", "took_s": 3.5,
            "verdict": { "word": "PASSED", "headline": "p95 12.5 ms" }, "arms": [{ "total": total }],
            "trials": [{ "series": series }], "effects": [],
        });
        keep(
            root.path(),
            "2026-01-01T00-00-00Z_run_a",
            "summary.json",
            &run,
        );
        run["verdict"]["confidence"] = serde_json::to_value(Confidence::default()).unwrap();
        run["trials"][0]["pooled"] = serde_json::json!([
            { "share": 0.95, "step_s": 5, "points": [[-5, 9.0], [0, 7.5], [5, 8.0]] },
        ]);
        keep(
            root.path(),
            "2026-01-01T00-00-01Z_run_c",
            "summary.json",
            &run,
        );
        run["effects"] = serde_json::json!([{
            "metric": "list p97.5", "primary": true, "block_ratios": [0.5, 0.6],
        }]);
        keep(
            root.path(),
            "2026-01-02T00-00-00Z_experiment_b",
            "summary.json",
            &run,
        );
        let rows = RunIndex::default().list(root.path());
        assert_eq!(rows[0].spark, [Some(0.5), Some(0.6)]);
        assert_eq!(rows[1].spark, [Some(7.5), Some(8.0)]);
        assert_eq!(
            rows[1].headline,
            format!("p95 12.5 ms; {}", Confidence::default())
        );
        let run = &rows[2];
        assert_eq!(
            (run.rate_per_s, run.p95_ms),
            (Some(50.0), Some(Percentile::Known(12.5)))
        );
        assert!((run.errors.unwrap() - 0.02).abs() < 1e-9);
        assert_eq!(run.headline, "p95 12.5 ms");
        assert_eq!(run.spark.len(), 34);
        assert_eq!(run.spark[0], Some(2.0));
    }

    #[test]
    fn a_run_whose_p95_is_beyond_the_timeout_is_no_run_of_too_few_requests() {
        let root = tempfile::tempdir().unwrap();
        let too_few = serde_json::json!({ "too_few": 13 });
        let all = [serde_json::json!("beyond_timeout"), too_few];
        for (number, p95) in all.iter().enumerate() {
            let head = serde_json::json!({
                "name": "x", "kind": "run", "started_at": "2026-01-01T00:00:00Z",
                "verdict": { "word": "FAILED" },
                "arms": [{ "total": {
                    "rate_per_s": 1.0, "success": 0.1, "response": { "p95": p95 },
                } }],
            });
            let folder = format!("2026-01-0{}T00-00-00Z_run", 9 - number);
            keep(root.path(), &folder, "summary.json", &head);
        }
        let rows = serde_json::to_value(RunIndex::default().list(root.path())).unwrap();
        for (row, p95) in rows.as_array().unwrap().iter().zip(&all) {
            assert_eq!(&row["p95_ms"], p95);
        }
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
