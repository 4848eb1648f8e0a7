//! What a series of blocks says of its pairs beside the decisions, and which blocks it runs again.

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
    let said = "4 of 6 planned blocks count";
    assert!(
        finished.warnings.iter().any(|one| one.ends_with(said)),
        "{:?}",
        finished.warnings
    );
}
