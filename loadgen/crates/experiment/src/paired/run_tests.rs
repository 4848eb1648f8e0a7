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
