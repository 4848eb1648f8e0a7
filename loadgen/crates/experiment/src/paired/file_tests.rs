//! What a file of an experiment may say, and how a wrong one is refused.

use super::*;
use crate::system::Shop;
use loadgen_engine::suite::LoadModel;

const GOOD: &str = "\
name: list_cache
question: How much does it save?
before: { profile: after, set: { cache.orders: off, pool.max: 7 } }
after: { profile: after }
load: { model: open, rate: 10/s, warmup: 2s, duration: 8s }
flows: [ { flow: orders.browse } ]
quick: { blocks: 3, duration: 5s }
thresholds: [ p95 < 1s, errors < 1% ]
";

#[test]
fn an_experiment_differs_in_the_switches_that_its_arms_name() {
    let mut experiment = parse(GOOD, "x.yaml", &Shop).unwrap();
    let differences = experiment
        .before
        .settings
        .differences(&experiment.after.settings);
    assert_eq!(differences.len(), 2);
    assert_eq!((experiment.blocks, experiment.scale), (6, Scale::Small));
    assert_eq!(experiment.most_blocks, 12);
    assert_eq!(experiment.planned(), Millis(120_000));
    experiment.make_quick();
    assert_eq!(experiment.planned(), Millis(36_000));
    let levels: Vec<Level> = experiment
        .suite
        .thresholds
        .iter()
        .map(|threshold| threshold.level)
        .collect();
    assert_eq!(
        levels,
        [Level::Warn, Level::Fail],
        "times warn in a quick one"
    );
    let LoadModel::Open { phases, .. } = &experiment.suite.load else {
        panic!("open")
    };
    let total: u64 = phases.iter().map(|phase| phase.duration.0).sum();
    assert_eq!(total, 6_000);
}

#[test]
fn an_error_of_yaml_is_said_with_line_and_column() {
    let more = |line: &str| format!("{GOOD}{line}\n");
    for (text, said) in [
        (
            more("name: x"),
            "x.yaml:9:1: the key `name` is written twice: remove one",
        ),
        (
            GOOD.replace("name: list_cache", "name: ~"),
            "x.yaml:1:7: a value is missing",
        ),
        (
            more("---\nname: x"),
            "x.yaml:10:1: a second document begins here",
        ),
        (
            more("blocks: 010"),
            "x.yaml:9:9: `010` begins with a zero: write `10`",
        ),
    ] {
        let error = parse(&text, "x.yaml", &Shop).unwrap_err().to_string();
        assert!(error.starts_with(said), "{said}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_wrong_switch_value_profile_or_key_is_refused_with_its_line() {
    for (from, to, line, why) in [
        (
            "cache.orders: off",
            "cache.order: off",
            3,
            "did you mean `cache.orders`",
        ),
        (
            "cache.orders: off",
            "cache.orders: of",
            3,
            "off, memory, redis",
        ),
        (
            "after: { profile: after }",
            "after: { profile: later }",
            4,
            "before` or `after",
        ),
        ("quick:", "quik:", 7, "did you mean `quick`"),
        (
            "name: list_cache",
            "name: list_cache\nscale: huge",
            2,
            "tiny, small, medium or large",
        ),
        (
            "name: list_cache",
            "name: list_cache\nprimary: [ total p12 ]",
            2,
            "`total p12` names no metric",
        ),
        (
            "name: list_cache",
            "name: list_cache\nwhy: pool weight",
            2,
            "`pool weight` names no metric",
        ),
        (
            "name: list_cache",
            "name: list_cache\nblocks: 0",
            2,
            "1 to 200",
        ),
        (
            "name: list_cache",
            "name: list_cache\nblocks: 5",
            2,
            "at least 6",
        ),
        (
            "name: list_cache",
            "name: list_cache\nprimary: [ total p50, pool wait ]\nblocks: 6",
            3,
            "2 claim(s) need at least 7",
        ),
    ] {
        let error = parse(&GOOD.replace(from, to), "x.yaml", &Shop)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(&format!("x.yaml:{line}:")), "{error}");
        assert!(error.contains(why), "{error}");
    }
}
