//! Which runs can be compared: those of the same name, with the same load and the same arms as the
//! newest one. The others are left out and counted by what differs, or kept and marked where the
//! user asks for them.

use loadgen_experiment::schema::VerdictWord;
use std::collections::BTreeMap;

use loadgen_experiment::schema::{ArmName, RunKind, Summary};
use shared::text::unknown;

/// A run that finished.
#[derive(Debug, Clone)]
pub struct PastRun {
    /// Name of its folder.
    pub folder: String,
    /// Its stored summary.
    pub summary: Summary,
}

/// Runs of one suite or experiment that are compared.
#[derive(Debug, Clone)]
pub struct RunHistory {
    /// Run or experiment.
    pub kind: RunKind,
    /// Name of the suite or experiment.
    pub name: String,
    /// Oldest first.
    pub runs: Vec<PastRun>,
    /// What differs from the newest run, for each of `runs`; empty where nothing does.
    pub differs: Vec<Vec<String>>,
    /// Why runs were left out, and how many.
    pub left_out: BTreeMap<String, usize>,
}

/// Selects the runs of one suite or experiment: the one called `name`, or the only one there is.
/// Those with another load or other arms are left out, or kept and marked with `anyway`.
pub fn comparable_runs(
    mut all: Vec<PastRun>,
    name: Option<&str>,
    anyway: bool,
) -> Result<RunHistory, String> {
    if let Some(name) = name {
        let mut known: Vec<&str> = all.iter().map(|past| past.summary.name.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        if !known.contains(&name) {
            return Err(unknown("name of runs", name, known.into_iter()));
        }
    }
    all.retain(|past| name.is_none_or(|name| past.summary.name == name));
    all.sort_by(|one, other| {
        let key = |past: &PastRun| (past.summary.started_at, past.folder.clone());
        key(one).cmp(&key(other))
    });
    let mut left_out = BTreeMap::new();
    all.retain(|past| {
        let valid = is_valid(&past.summary);
        if !valid {
            let word = past.summary.verdict.word;
            *left_out.entry(format!("{word} run")).or_default() += 1;
        }
        valid
    });
    let Some(newest) = all.last() else {
        return Err(match name {
            Some(name) => {
                format!("no finished run of `{name}` is valid, so there is no history")
            }
            None => "no finished run is valid, so there is no history".to_owned(),
        });
    };
    let (kind, chosen) = (newest.summary.kind, newest.summary.name.clone());
    refuse_several(&all)?;
    let newest = newest.summary.clone();
    let mut history = RunHistory {
        kind,
        name: chosen,
        runs: Vec::new(),
        differs: Vec::new(),
        left_out,
    };
    for past in all {
        let differs = differences(&past.summary, &newest);
        if differs.is_empty() || anyway {
            history.runs.push(past);
            history.differs.push(differs);
        } else {
            let why = format!("other {}", differs.join(", "));
            *history.left_out.entry(why).or_default() += 1;
        }
    }
    Ok(history)
}

/// The valid runs before `newest` that it can be compared with, the newest first.
pub fn earlier_like(all: Vec<PastRun>, newest: &PastRun) -> Vec<PastRun> {
    let (kind, name) = (newest.summary.kind, newest.summary.name.clone());
    let mut found: Vec<PastRun> = all
        .into_iter()
        .filter(|past| {
            past.summary.kind == kind
                && past.summary.name == name
                && past.summary.started_at < newest.summary.started_at
                && is_valid(&past.summary)
                && differences(&past.summary, &newest.summary).is_empty()
        })
        .collect();
    found.sort_by_key(|past| std::cmp::Reverse(past.summary.started_at));
    found
}

/// Whether its figures may be compared at all.
pub fn is_valid(summary: &Summary) -> bool {
    !matches!(
        summary.verdict.word,
        VerdictWord::Invalid | VerdictWord::Interrupted
    ) && !summary.interrupted
}

/// Refuses to choose between several suites or experiments.
fn refuse_several(all: &[PastRun]) -> Result<(), String> {
    let mut names: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for past in all {
        let kind = match past.summary.kind {
            RunKind::Run => "run",
            RunKind::Experiment => "experiment",
            RunKind::Capacity => "capacity search",
        };
        *names.entry((&past.summary.name, kind)).or_default() += 1;
    }
    if names.len() <= 1 {
        return Ok(());
    }
    let listed: Vec<String> = names
        .iter()
        .map(|((name, kind), runs)| format!("{name} ({runs} x {kind})"))
        .collect();
    Err(format!(
        "the folder has runs of several suites or experiments, which cannot be compared: choose one with --name: {}",
        listed.join(", ")
    ))
}

/// What differs: the load, or switches of an arm. A switch that only one of the two programs knew
/// is no difference: switches are added while a history grows.
fn differences(one: &Summary, other: &Summary) -> Vec<String> {
    let mut found = Vec::new();
    if load_of_trial(&one.load) != load_of_trial(&other.load) {
        found.push("load".to_owned());
    }
    // The arm of a capacity search has the name of the load that was found.
    let arms = |summary: &Summary| -> Vec<ArmName> {
        let all = summary.arms.iter();
        let named = all.filter(|_| summary.kind != RunKind::Capacity);
        named.map(|arm| arm.name.clone()).collect()
    };
    if arms(one) != arms(other) {
        found.push("arms".to_owned());
        return found;
    }
    for (a, b) in one.arms.iter().zip(&other.arms) {
        for (switch, value) in &a.profile {
            if b.profile.get(switch).is_some_and(|there| there != value) {
                found.push(format!("{switch} in {}", a.name));
            }
        }
    }
    found
}

/// The load of one trial, in its parts: how many blocks an experiment had is none of them.
pub fn load_of_trial(load: &str) -> Vec<&str> {
    load.split("; ")
        .filter(|part| !part.contains(" blocks of "))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::{TimeDelta, TimeZone as _, Utc};

    use super::*;
    use loadgen_experiment::schema::{Arm, Operation, SCHEMA_VERSION, Verdict};

    /// A run of `name` on a day, with one arm and nothing measured.
    pub(in crate::history) fn past(name: &str, day: u32) -> PastRun {
        let began = Utc.with_ymd_and_hms(2026, 11, 1, 10, 0, 0).unwrap();
        let profile = [("workers.max".to_owned(), "20".to_owned())];
        let arm = Arm {
            name: "run".into(),
            profile: profile.into(),
            trials: 1,
            total: operation(),
            ..Arm::default()
        };
        PastRun {
            folder: format!("2026-11-{day:02}_run_{name}_{day:07}"),
            summary: Summary {
                schema_version: SCHEMA_VERSION,
                kind: RunKind::Run,
                name: name.to_owned(),
                started_at: began + TimeDelta::days(i64::from(day)),
                took_s: 40.0,
                application: crate::render::application(),
                verdict: Verdict::new(loadgen_experiment::schema::VerdictWord::Passed, Vec::new()),
                load: "open: 20/s iterations; 5s warm-up, 30s measured".to_owned(),
                arms: vec![arm],
                ..Summary::default()
            },
        }
    }

    /// An operation with 100 answers and no times.
    pub(in crate::history) fn operation() -> Operation {
        Operation {
            name: "total".to_owned(),
            planned: 100,
            rate_per_s: 20.0,
            success: 1.0,
            ..Operation::default()
        }
    }

    #[test]
    fn runs_are_in_order_of_time_and_invalid_ones_are_left_out() {
        let mut invalid = past("core", 2);
        invalid.summary.verdict.word = VerdictWord::Invalid;
        let all = vec![past("core", 5), invalid, past("core", 1)];
        let history = comparable_runs(all, None, false).unwrap();
        let days: Vec<_> = history
            .runs
            .iter()
            .map(|past| &past.folder[8..10])
            .collect();
        assert_eq!(days, ["01", "05"]);
        assert_eq!(history.left_out["INVALID run"], 1);
    }

    #[test]
    fn earlier_runs_are_those_of_the_same_load_before_a_run() {
        let mut load = past("core", 2);
        load.summary.load = "open: 40/s iterations".to_owned();
        let all = vec![
            past("core", 1),
            load,
            past("smoke", 3),
            past("core", 4),
            past("core", 5),
            past("core", 6),
        ];
        let found = earlier_like(all, &past("core", 6));
        let days: Vec<&str> = found.iter().map(|past| &past.folder[8..10]).collect();
        assert_eq!(days, ["05", "04", "01"]);
    }

    #[test]
    fn several_names_are_refused_until_one_is_chosen() {
        let all = || vec![past("core", 1), past("smoke", 2), past("smoke", 3)];
        let error = comparable_runs(all(), None, false).unwrap_err();
        assert!(error.contains("core (1 x run), smoke (2 x run)"), "{error}");
        assert_eq!(
            comparable_runs(all(), Some("smoke"), false)
                .unwrap()
                .runs
                .len(),
            2
        );
        assert!(comparable_runs(all(), Some("cor"), false).is_err());
    }

    #[test]
    fn another_load_or_switch_is_left_out_with_its_name_or_marked() {
        let (mut load, mut switch) = (past("core", 1), past("core", 2));
        load.summary.load = "open: 40/s iterations; 5s warm-up, 30s measured".to_owned();
        let profile = &mut switch.summary.arms[0].profile;
        profile.insert("workers.max".to_owned(), "5".to_owned());
        let all = || vec![load.clone(), switch.clone(), past("core", 3)];
        let history = comparable_runs(all(), None, false).unwrap();
        assert_eq!(history.runs.len(), 1);
        assert_eq!(history.left_out["other load"], 1);
        assert_eq!(history.left_out["other workers.max in run"], 1);
        let mixed = comparable_runs(all(), None, true).unwrap();
        assert_eq!(
            mixed.differs,
            [vec!["load"], vec!["workers.max in run"], vec![]]
        );
    }

    #[test]
    fn a_switch_that_came_later_and_the_number_of_blocks_are_no_difference() {
        let (mut old, mut new) = (past("core", 1), past("core", 2));
        old.summary
            .load
            .push_str("; 6 blocks of two trials in an order drawn by lot");
        new.summary
            .load
            .push_str("; 12 blocks of two trials in an order drawn by lot");
        let profile = &mut new.summary.arms[0].profile;
        profile.insert("cache.new".to_owned(), "on".to_owned());
        assert_eq!(
            comparable_runs(vec![old, new], None, false)
                .unwrap()
                .runs
                .len(),
            2
        );
    }
}
