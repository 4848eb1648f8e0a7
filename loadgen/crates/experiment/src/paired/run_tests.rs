//! What a series of blocks says of its pairs beside the decisions.

use super::*;
use crate::paired::{
    decide_fixture::{trial, with_stale},
    series_fixture,
};

#[test]
fn failures_of_one_arm_alone_are_a_warning_of_the_experiment() {
    let (env, experiment) = (series_fixture::env(), series_fixture::experiment());
    let warnings = |stale: [u64; 2]| {
        let arms = [experiment.before.clone(), experiment.after.clone()];
        let mut series = BlockSeries::new(&env, &experiment, 1, arms, "");
        series.trials = stale
            .map(|stale| with_stale(trial(Some(1.0), 1.0), stale))
            .into();
        series.pairs = vec![[0, 1]];
        series.finish().warnings
    };
    let said =
        "stale reads: only `after` has any: 5 of 1000 in 1 of 1 block(s), against none of 1000";
    assert!(warnings([0, 5]).iter().any(|one| one == said));
    assert!(!warnings([5, 5]).iter().any(|one| one.contains("only `")));
}

/// A series of so many planned blocks, with two trials.
fn series_of<'a>(env: &'a TestEnv, experiment: &'a Experiment, planned: u32) -> BlockSeries<'a> {
    let arms = [experiment.before.clone(), experiment.after.clone()];
    let mut series = BlockSeries::new(env, experiment, 1, arms, "");
    series.planned = planned;
    series.trials = vec![trial(Some(1.0), 1.0); 2];
    series
}

#[test]
fn a_third_of_the_blocks_is_replaced_and_none_after_a_replacement_that_stays_invalid() {
    let (env, experiment) = (series_fixture::env(), series_fixture::experiment());
    let planned = design(9, 1);
    let mut series = series_of(&env, &experiment, 9);
    for block in &planned[..5] {
        series.lose(*block, false);
    }
    let replacements: Vec<PlannedBlock> = std::iter::from_fn(|| series.replacement()).collect();
    assert_eq!(replacements.len(), 3);
    for (replacement, lost) in replacements.iter().zip(planned[..5].iter().rev()) {
        assert_eq!(replacement.block, lost.block);
        assert_eq!(replacement.order, lost.order);
        assert_ne!(replacement.seed, lost.seed);
    }
    let mut series = series_of(&env, &experiment, 9);
    for block in &planned[..2] {
        series.lose(*block, false);
    }
    let replacement = series.replacement().unwrap();
    series.lose(replacement, true);
    assert_eq!(series.replacement(), None);
}

#[test]
fn an_invalid_trial_is_no_doubt_where_replacements_complete_the_planned_blocks() {
    let (env, experiment) = (series_fixture::env(), series_fixture::experiment());
    for (counted, doubts) in [(3, 0), (2, 1)] {
        let mut series = series_of(&env, &experiment, 3);
        series.pairs = vec![[0, 1]; counted];
        series.replaced = 1;
        series.invalid_folders = vec!["b02r_1_before".to_owned()];
        let finished = series.finish();
        assert_eq!(finished.invalid.len(), doubts);
        let said = format!("{counted} of 3 planned blocks count");
        let warnings = &finished.warnings;
        assert!(
            warnings.iter().any(|one| one.ends_with(&said)),
            "{warnings:?}"
        );
    }
}

/// Block and attempt of each trial: `b02r` of `b02r_1_before`.
fn attempts(folders: &[String]) -> Vec<&str> {
    let names = folders.iter().map(|name| name.split('_').next());
    names.map(Option::unwrap).collect()
}

/// One INVALID trial of a block is one of two: both arms run again.
#[tokio::test]
async fn a_block_with_an_invalid_trial_is_repeated_once_and_then_replaced() {
    use ValidityWord::{Invalid, Valid};
    let words = [Valid, Valid, Invalid, Valid, Valid, Invalid];
    let (finished, folders) = series_fixture::ran(&words, |one| one.set_blocks(3)).await;
    assert_eq!(
        attempts(&folders),
        [
            "b01", "b01", "b02", "b02", "b02r", "b02r", "b03", "b03", "b02s", "b02s"
        ]
    );
    assert_eq!((finished.blocks, finished.valid_blocks), (3, 3));
    assert!(finished.invalid.is_empty(), "{:?}", finished.invalid);
    let said = "1 block(s) with an INVALID trial were replaced: 3 of 3 planned blocks count";
    assert!(
        finished.warnings.iter().any(|one| one == said),
        "{:?}",
        finished.warnings
    );
    let seed = |attempt: &str| {
        let of = |one: &&Trial| one.folder.starts_with(&format!("{attempt}_"));
        let seeds: Vec<u64> = finished
            .trials
            .iter()
            .filter(of)
            .map(|one| one.seed)
            .collect();
        assert_eq!(seeds[0], seeds[1], "both arms have the same load");
        seeds[0]
    };
    assert_eq!(seed("b02"), seed("b02r"));
    assert_ne!(seed("b02"), seed("b02s"));
}

#[tokio::test]
async fn a_replacement_that_stays_invalid_is_the_last_and_the_block_is_lost() {
    use ValidityWord::{Invalid, Valid};
    let lost = [Invalid, Valid, Invalid, Valid];
    let words = [lost, lost, [Valid; 4], [Valid; 4], lost].concat();
    let (finished, folders) = series_fixture::ran(&words, |one| one.set_blocks(6)).await;
    // The last of the lost blocks is the first to be replaced; the other one is not.
    let last = &attempts(&folders)[16..];
    assert_eq!(last, ["b02s", "b02s", "b02sr", "b02sr"]);
    assert_eq!((finished.blocks, finished.valid_blocks), (6, 4));
    assert_eq!(finished.invalid.len(), 3, "{:?}", finished.invalid);
}
