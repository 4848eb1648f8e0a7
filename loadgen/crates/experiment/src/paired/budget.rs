//! From a time budget to the number of blocks and the length of trials.

use shared::time::Millis;

use super::{feasibility::shortest_window, file::Experiment, shorten::shorten};
use loadgen_engine::flow::Catalog;

/// Time beside the load of each trial: restart, reset, drain, audit.
const BESIDE: Millis = Millis(5_000);
/// Blocks that are planned before trials are made longer.
const GOOD: u64 = 12;
/// Shortest measured window.
const SHORTEST: u64 = 2_000;
/// Longest that a budget makes it.
const LONGEST: u64 = 60_000;

/// Gives the experiment as many blocks, and trials as long, as fit into `budget`: at least as many
/// blocks as its claims need, and trials that have data for their percentiles.
pub fn fit(experiment: &mut Experiment, catalog: &Catalog, budget: Millis) -> Result<(), String> {
    let extra = u64::from(experiment.control_blocks());
    let windows = experiment.suite.windows;
    let pair = |measure: u64| 2 * (windows.warm_up.0 + measure + BESIDE.0);
    let claimed = u64::from(experiment.fewest_blocks());
    let fewest = claimed + extra;
    let whole_seconds = shortest_window(experiment, catalog).0.div_ceil(1_000) * 1_000;
    let shortest = SHORTEST.max(whole_seconds);
    let room = |blocks: u64| {
        (budget.0 / (2 * blocks))
            .checked_sub(windows.warm_up.0 + BESIDE.0)
            .filter(|measure| *measure >= shortest)
    };
    let Some(most) = room(fewest) else {
        return Err(format!(
            "a budget of {budget} is too short: {fewest} blocks of two trials take at least {}",
            Millis((fewest * pair(shortest)).div_ceil(1_000) * 1_000)
        ));
    };
    let mut measure = windows.measure.0.clamp(shortest, most);
    let mut blocks = (budget.0 / pair(measure)).saturating_sub(extra);
    if blocks > GOOD {
        // More than enough pairs: longer trials first, then more of them.
        measure = room(GOOD + extra).map_or(measure, |longer| {
            longer.clamp(measure, LONGEST.max(measure))
        });
        blocks = (budget.0 / pair(measure)).saturating_sub(extra);
    }
    let most_blocks = u64::from(super::file::MAX_BLOCKS);
    experiment.set_blocks(blocks.clamp(claimed, most_blocks) as u32);
    let measure = Millis(measure / 1_000 * 1_000);
    shorten(&mut experiment.suite, windows.warm_up, measure);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::file::parse;
    use crate::system::Shop;
    use loadgen_engine::flow::shop;

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
        fit(&mut experiment, &shop(), Millis(budget * 1_000))?;
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
            why.contains("at least 108s") || why.contains("at least 1m48s"),
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
    fn two_claims_get_a_block_more_and_a_tail_its_data() {
        let two = FILE.replace("orders.list p50", "orders.list p50, queries per request");
        let mut experiment = parse(&two, "x.yaml", &Shop).unwrap();
        fit(&mut experiment, &shop(), Millis(215_000)).unwrap();
        assert_eq!(experiment.blocks, 7);
        // 400 requests at 40 a second, a third fewer within the tolerance: 6.7 s.
        let tail = FILE.replace("orders.list p50", "orders.list p97.5");
        let mut experiment = parse(&tail, "x.yaml", &Shop).unwrap();
        assert!(fit(&mut experiment, &shop(), Millis(120_000)).is_err());
        fit(&mut experiment, &shop(), Millis(170_000)).unwrap();
        assert!(experiment.suite.windows.measure.0 >= 6_667);
    }
}
