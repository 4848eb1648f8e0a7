//! From the time that somebody has to blocks and trial lengths, and to what can be seen in it.

use shared::time::Millis;

use super::{
    decide::FEWEST,
    file::{Experiment, shorten},
};
use loadgen_engine::suite::LoadModel;

/// Time beside the load of each trial: restart, reset, drain, audit.
const BESIDE: Millis = Millis(5_000);
/// Blocks that are planned before trials are made longer (method 2.3).
const GOOD: u64 = 12;
/// Shortest measured window.
const SHORTEST: u64 = 2_000;
/// Longest that a budget makes it.
const LONGEST: u64 = 60_000;
/// How much more the percentiles of a server at 70 % load scatter than independent times do
/// (method 2.1, p95).
const INFLATION: f64 = 4.6;

/// Gives the experiment as many blocks, and trials as long, as fit into `budget`.
pub fn fit(experiment: &mut Experiment, budget: Millis) -> Result<(), String> {
    let extra = u64::from(experiment.control_blocks());
    let windows = experiment.suite.windows;
    let pair = |measure: u64| 2 * (windows.warm_up.0 + measure + BESIDE.0);
    let fewest = FEWEST as u64 + extra;
    let room = |blocks: u64| {
        (budget.0 / (2 * blocks))
            .checked_sub(windows.warm_up.0 + BESIDE.0)
            .filter(|measure| *measure >= SHORTEST)
    };
    let Some(most) = room(fewest) else {
        return Err(format!(
            "a budget of {budget} is too short: {fewest} blocks of two trials take at least {}",
            Millis((fewest * pair(SHORTEST)).div_ceil(1_000) * 1_000)
        ));
    };
    let mut measure = windows.measure.0.clamp(SHORTEST, most);
    let mut blocks = (budget.0 / pair(measure)).saturating_sub(extra);
    if blocks > GOOD {
        // More than enough pairs: longer trials first, then more of them.
        measure = room(GOOD + extra).map_or(measure, |longer| {
            longer.clamp(measure, LONGEST.max(measure))
        });
        blocks = (budget.0 / pair(measure)).saturating_sub(extra);
    }
    let most_blocks = u64::from(super::file::MAX_BLOCKS);
    experiment.blocks = blocks.clamp(FEWEST as u64, most_blocks) as u32;
    let measure = Millis(measure / 1_000 * 1_000);
    shorten(&mut experiment.suite, windows.warm_up, measure);
    Ok(())
}

/// The smallest difference of the first primary metric that so many blocks can be expected to
/// tell (80 % power, 95 % interval), in per cent; `None` where that is not a percentile or the
/// load is closed. A guess before the run: what the pairs really scatter by is told after it.
pub fn smallest_effect(experiment: &Experiment) -> Option<f64> {
    let LoadModel::Open { phases, .. } = &experiment.suite.load else {
        return None;
    };
    let rate = phases
        .iter()
        .map(|phase| phase.rate.as_per_second())
        .fold(0.0, f64::max);
    let (_, quantile) = experiment.primary.first()?.rsplit_once(" p")?;
    let share = quantile.parse::<f64>().ok()? / 100.0;
    let requests = rate * experiment.suite.windows.measure.duration().as_secs_f64();
    if requests < 1.0 || !(0.01..1.0).contains(&share) {
        return None;
    }
    let alone = (share / (requests * (1.0 - share))).sqrt() / -(1.0 - share).ln();
    let scatter = alone * INFLATION * std::f64::consts::SQRT_2;
    let z = 1.959_964 + 0.841_621;
    let smallest = z * scatter / f64::from(experiment.blocks).sqrt();
    Some((smallest.exp() - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::file::parse;
    use crate::system::Shop;

    const FILE: &str = "\
name: x
before: { set: { cache.orders: off } }
after: {}
primary: [ orders.list p50 ]
load: { model: open, rate: 40/s, warmup: 2s, duration: 8s }
flows: [ { flow: orders.browse } ]
";

    fn fitted(budget: u64) -> Result<(u32, u64), String> {
        let mut experiment = parse(FILE, "x.yaml", &Shop).unwrap();
        fit(&mut experiment, Millis(budget * 1_000))?;
        let planned =
            u64::from(experiment.blocks) * 2 * (experiment.suite.windows.planned().0 + BESIDE.0);
        assert!(planned <= budget * 1_000, "{planned} ms in {budget} s");
        Ok((experiment.blocks, experiment.suite.windows.measure.0))
    }

    #[test]
    fn a_short_budget_shortens_trials_before_it_gives_up() {
        assert_eq!(fitted(180).unwrap(), (6, 8_000));
        assert_eq!(fitted(120).unwrap(), (6, 3_000));
        let why = fitted(60).unwrap_err();
        assert!(
            why.contains("at least 1m48s") || why.contains("at least 108s"),
            "{why}"
        );
    }

    #[test]
    fn a_long_one_has_twelve_blocks_then_longer_trials_then_more() {
        assert_eq!(fitted(360).unwrap(), (12, 8_000));
        let (blocks, measure) = fitted(900).unwrap();
        assert_eq!((blocks, measure), (12, 30_000));
        let (blocks, measure) = fitted(7_200).unwrap();
        assert!(blocks > 40 && measure == 60_000, "{blocks} {measure}");
    }

    #[test]
    fn more_blocks_and_longer_trials_see_smaller_effects() {
        let mut experiment = parse(FILE, "x.yaml", &Shop).unwrap();
        let short = smallest_effect(&experiment).unwrap();
        experiment.blocks = 24;
        let long = smallest_effect(&experiment).unwrap();
        assert!(
            long < short && long > 5.0 && short < 100.0,
            "{short} {long}"
        );
        experiment.primary = vec!["queries per request".to_owned()];
        assert!(smallest_effect(&experiment).is_none());
    }
}
