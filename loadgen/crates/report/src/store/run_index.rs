//! Index of the runs of a results folder, and removal of old ones.
//!
//! Only what this program made is touched: a folder, no link, directly in `runs/`, that is named
//! like a run and contains the manifest of one. Everything else is ignored.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{
    baseline::baselines,
    error::{StoreError, io_error},
    listed::listed,
};
use loadgen_experiment::schema::{Confidence, VerdictWord};

/// Format of the start time at the beginning of a run's name.
const TIME: &str = "%Y-%m-%dT%H-%M-%SZ";
/// Maximum size of a manifest or verdict that is read, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Unfinished runs younger than this may still be running: longer than commands take.
const MAY_RUN: TimeDelta = TimeDelta::days(7);

/// One run of the index.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// Name of its folder.
    pub folder: String,
    /// Start time, from its name.
    pub started_at: DateTime<Utc>,
    /// `run`, `experiment`, `factorial` …
    pub command: String,
    /// Name of the suite or experiment.
    pub name: String,
    /// Its outcome; absent for a run that did not finish.
    pub verdict: Option<StoredEnding>,
    /// How long it took, in seconds; absent for a run that did not finish.
    pub took_s: Option<f64>,
    /// Size of its files in bytes.
    pub bytes: u64,
    /// Names under which it is kept as a baseline.
    pub baselines: Vec<String>,
}

impl StoredRun {
    /// The last part of its folder's name, which identifies it.
    pub fn id(&self) -> &str {
        self.folder.rsplit('_').next().unwrap_or_default()
    }

    /// Its verdict in one word; `UNFINISHED` where it has none.
    pub fn word(&self) -> &'static str {
        self.verdict
            .as_ref()
            .map_or("UNFINISHED", |ending| ending.word.label())
    }

    /// The exit code of its verdict; an unfinished run has no figure that can be trusted.
    pub fn exit_code(&self) -> u8 {
        self.verdict.as_ref().map_or_else(
            || VerdictWord::Invalid.exit_code(),
            |ending| ending.exit_code,
        )
    }

    /// The answer with its confidence in one line; empty where there is none.
    pub fn headline(&self) -> String {
        self.verdict.as_ref().map_or_else(String::new, |ending| {
            ending.confidence.beside(&ending.headline)
        })
    }

    /// Whether it finished.
    pub const fn is_finished(&self) -> bool {
        self.verdict.is_some()
    }
}

/// Which runs are removed: those that every given condition covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneRule {
    /// Number of newest runs that stay.
    pub keep: Option<usize>,
    /// Runs that started at or after this time stay.
    pub before: Option<DateTime<Utc>>,
}

/// The part of a manifest that is read.
#[derive(Deserialize)]
struct Label {
    command: String,
    name: String,
    /// When the command that wrote it began: that of `--resume` has the folder of an earlier one.
    #[serde(default)]
    started_at: Option<DateTime<Utc>>,
    took_s: Option<f64>,
}

/// The part of a verdict that is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredEnding {
    /// The outcome in one word.
    pub word: VerdictWord,
    /// The exit code of its command.
    pub exit_code: u8,
    /// The answer in one line; empty where there is none.
    pub headline: String,
    /// How far the figures can be trusted.
    pub confidence: Confidence,
}

/// The runs of `results/runs`, the newest first. `runs` may be missing, and may be no link.
pub fn list_runs(results: &Path) -> Result<Vec<StoredRun>, StoreError> {
    let runs = runs_of(results)?;
    if !runs.exists() {
        return Ok(Vec::new());
    }
    let folders = listed(&runs)?;
    let mut found: Vec<StoredRun> = folders.iter().filter_map(|one| stored_run(one)).collect();
    for baseline in baselines(results) {
        if let Some(run) = found.iter_mut().find(|run| run.folder == baseline.folder) {
            run.baselines.push(baseline.name);
        }
    }
    found.sort_by(|one, other| {
        (other.started_at, &other.folder).cmp(&(one.started_at, &one.folder))
    });
    Ok(found)
}

/// The runs that a rule removes, newest first. The one that `latest` points at stays, and so do
/// baselines and runs that may still be running.
pub fn prunable(
    results: &Path,
    rule: PruneRule,
    now: DateTime<Utc>,
) -> Result<Vec<StoredRun>, StoreError> {
    let latest = fs::canonicalize(results.join("latest")).ok();
    let runs = runs_of(results)?;
    let covered = |(place, run): &(usize, StoredRun)| {
        let old = rule.before.is_none_or(|before| run.started_at < before);
        let beyond = rule.keep.is_none_or(|keep| *place >= keep);
        let begun = || begun_at(&runs.join(&run.folder)).unwrap_or(run.started_at);
        let running = !run.is_finished() && now - begun().max(run.started_at) < MAY_RUN;
        let newest = latest.is_some() && fs::canonicalize(runs.join(&run.folder)).ok() == latest;
        old && beyond && !running && !newest && run.baselines.is_empty()
    };
    let all = list_runs(results)?.into_iter().enumerate();
    Ok(all.filter(covered).map(|(_, run)| run).collect())
}

/// Removes a run with its folder, after checking again that it is one.
pub fn remove(results: &Path, run: &StoredRun) -> Result<(), StoreError> {
    let path = runs_of(results)?.join(&run.folder);
    match stored_run(&path) {
        // Follows no link, whatever lies inside.
        Some(_) => fs::remove_dir_all(&path).map_err(io_error("remove", &path)),
        None => Err(StoreError::NoRun { path }),
    }
}

/// `results/runs`, which may not be a link: its target was not made by this program.
fn runs_of(results: &Path) -> Result<PathBuf, StoreError> {
    let runs = results.join("runs");
    match fs::symlink_metadata(&runs) {
        Ok(seen) if !seen.is_dir() => Err(StoreError::NoRun { path: runs }),
        _ => Ok(runs),
    }
}

/// The run in a folder, without the names that it is kept under as a baseline; `None` if it is not one.
pub fn stored_run(path: &Path) -> Option<StoredRun> {
    let folder = path.file_name()?.to_str()?.to_owned();
    let (time, _) = folder.split_once('_')?;
    let started_at = NaiveDateTime::parse_from_str(time, TIME).ok()?.and_utc();
    if !fs::symlink_metadata(path).ok()?.is_dir() {
        return None;
    }
    let label: Label = read(&path.join("manifest.json"))?;
    let ending: Option<StoredEnding> = read(&path.join("verdict.json"));
    // `verdict.json` of a run under way exists already: only the manifest says whether it ended.
    let finished = label.took_s.is_some();
    Some(StoredRun {
        bytes: size(path),
        baselines: Vec::new(),
        folder,
        started_at,
        command: label.command,
        name: label.name,
        verdict: ending.filter(|_| finished),
        took_s: label.took_s,
    })
}

/// When the command began that wrote the manifest of a run.
fn begun_at(run: &Path) -> Option<DateTime<Utc>> {
    let label: Label = read(&run.join("manifest.json"))?;
    label.started_at
}

/// A small JSON file that is no link.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    let seen = fs::symlink_metadata(path).ok()?;
    if !seen.is_file() || seen.len() > MAX_FILE {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Size of the files below a folder in bytes; links are not counted.
fn size(root: &Path) -> u64 {
    let mut bytes = 0;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(seen) if seen.is_dir() => folders.push(entry.path()),
                Ok(seen) if seen.is_file() => bytes += seen.len(),
                _ => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::Folder;

    fn day(day: u32) -> DateTime<Utc> {
        format!("2026-08-{day:02}T12:00:00Z").parse().unwrap()
    }

    /// A run that began on a day of August; `finished` or only begun.
    fn put(results: &Path, name: &str, on: u32, finished: bool) -> PathBuf {
        let folder = Folder::create(results, "run", name, day(on)).unwrap();
        if finished {
            let manifest = folder.path().join("manifest.json");
            let text = fs::read_to_string(&manifest).unwrap();
            let text = text.replace("\"took_s\": null", "\"took_s\": 3.5");
            fs::write(&manifest, text).unwrap();
        }
        folder.path().to_owned()
    }

    fn names(found: &[StoredRun]) -> Vec<&str> {
        found.iter().map(|run| run.name.as_str()).collect()
    }

    #[test]
    fn the_newest_run_comes_first_and_one_without_an_end_says_so() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(list_runs(root.path()).unwrap(), []);
        put(root.path(), "old", 1, true);
        put(root.path(), "new", 20, false);
        let found = list_runs(root.path()).unwrap();
        assert_eq!(names(&found), ["new", "old"]);
        assert_eq!(
            (found[0].word(), found[0].is_finished()),
            ("UNFINISHED", false)
        );
        assert_eq!(
            found[1].verdict.as_ref().unwrap().word,
            VerdictWord::Invalid
        );
        assert!(found[1].bytes > 100);
        assert_eq!(found[1].id().len(), 7);
    }

    #[test]
    fn only_runs_are_indexed() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join("runs");
        let real = put(root.path(), "real", 1, true);
        // Called like a run, without its manifest; a manifest, in a folder called otherwise.
        fs::create_dir(runs.join("2026-08-01T12-00-00Z_run_empty_0000000")).unwrap();
        for odd in ["$(touch pwned)", "-rf", "precious", "2026-08-01_run_x_0"] {
            fs::create_dir(runs.join(odd)).unwrap();
            fs::copy(
                real.join("manifest.json"),
                runs.join(odd).join("manifest.json"),
            )
            .unwrap();
        }
        fs::write(runs.join("2026-08-01T12-00-00Z_file"), "x").unwrap();
        symlink(&real, runs.join("2026-08-02T12-00-00Z_run_link_0000000")).unwrap();
        assert_eq!(names(&list_runs(root.path()).unwrap()), ["real"]);
        let all = PruneRule {
            keep: Some(0),
            before: None,
        };
        let gone = prunable(root.path(), all, day(30)).unwrap();
        assert_eq!(names(&gone), ["real"]);
        let before = fs::read_dir(&runs).unwrap().count();
        remove(root.path(), &gone[0]).unwrap();
        assert_eq!(fs::read_dir(&runs).unwrap().count(), before - 1);
        assert!(!real.exists() && runs.join("precious/manifest.json").exists());
        assert!(matches!(
            remove(root.path(), &gone[0]),
            Err(StoreError::NoRun { .. })
        ));
    }

    #[test]
    fn the_newest_the_young_a_baseline_and_the_one_that_latest_names_stay() {
        let root = tempfile::tempdir().unwrap();
        for on in 1..=6 {
            put(root.path(), &format!("d{on}"), on, true);
        }
        put(root.path(), "running", 7, false);
        let second = list_runs(root.path()).unwrap().pop().unwrap();
        symlink(
            Path::new("runs").join(&second.folder),
            root.path().join("latest"),
        )
        .unwrap();
        fs::create_dir(root.path().join("baselines")).unwrap();
        let third = &list_runs(root.path()).unwrap()[4];
        let link = Path::new("../runs").join(&third.folder);
        symlink(link, root.path().join("baselines/main")).unwrap();
        assert_eq!(list_runs(root.path()).unwrap()[4].baselines, ["main"]);
        let now = day(7) + TimeDelta::hours(3);
        let gone = |keep, before| {
            names(&prunable(root.path(), PruneRule { keep, before }, now).unwrap()).join(" ")
        };
        // Of seven: `running` may still run, `d1` is what `latest` points at, `d3` a baseline.
        assert_eq!(gone(Some(0), None), "d6 d5 d4 d2");
        assert_eq!(gone(Some(3), None), "d4 d2");
        assert_eq!(gone(None, Some(day(4))), "d2");
        assert_eq!(gone(Some(6), Some(day(4))), "");
        let later = day(15);
        let all = PruneRule {
            keep: Some(0),
            before: None,
        };
        let found = prunable(root.path(), all, later).unwrap();
        assert_eq!(names(&found)[0], "running");
    }

    #[test]
    fn an_old_search_that_goes_on_may_still_be_running() {
        let root = tempfile::tempdir().unwrap();
        let path = put(root.path(), "search", 1, false);
        let all = PruneRule {
            keep: Some(0),
            before: None,
        };
        let gone = |now| prunable(root.path(), all, now).unwrap().len();
        assert_eq!(gone(day(20)), 1);
        Folder::reopen(&path, "capacity", "search", day(20)).unwrap();
        assert_eq!(gone(day(21)), 0);
        assert_eq!(gone(day(28)), 1);
    }

    #[test]
    fn a_runs_folder_that_is_a_link_is_refused() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(other.path(), "theirs", 1, true);
        symlink(other.path().join("runs"), root.path().join("runs")).unwrap();
        assert!(matches!(
            list_runs(root.path()),
            Err(StoreError::NoRun { .. })
        ));
        let all = PruneRule {
            keep: Some(0),
            before: None,
        };
        assert!(prunable(root.path(), all, day(30)).is_err());
        assert_eq!(list_runs(other.path()).unwrap().len(), 1);
    }

    #[test]
    fn what_a_link_inside_a_run_points_at_survives_it() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("keep.txt"), "x").unwrap();
        let path = put(root.path(), "linked", 1, true);
        symlink(other.path(), path.join("trials")).unwrap();
        let run = list_runs(root.path()).unwrap().pop().unwrap();
        remove(root.path(), &run).unwrap();
        assert!(!path.exists() && other.path().join("keep.txt").exists());
    }
}
