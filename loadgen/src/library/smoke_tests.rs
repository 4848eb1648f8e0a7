//! The suite that says whether every flow works runs every flow.

use loadgen_engine::schedule::{self, Schedule};
use loadgen_stats::seed::sub_seed;

use super::find_suite;

#[test]
fn smoke_starts_every_flow_in_its_measured_window() {
    let (suite, _) = find_suite("smoke").unwrap();
    let weights: Vec<f64> = suite.flows.iter().map(|share| share.weight).collect();
    let seed = sub_seed(sub_seed(suite.seed, "run"), "plan");
    let plan = schedule::plan(&suite.load, &weights, &suite.windows, seed).unwrap();
    let Schedule::Open(plan) = plan else {
        panic!("it has a rate")
    };
    let mut started = vec![0_u32; weights.len()];
    for one in plan.arrivals() {
        if (plan.measure_from..plan.measure_to).contains(&one.intended) {
            started[usize::from(one.flow)] += 1;
        }
    }
    let never: Vec<&str> = suite
        .flows
        .iter()
        .zip(&started)
        .filter(|(_, count)| **count == 0)
        .map(|(share, _)| share.flow.as_str())
        .collect();
    assert!(
        never.is_empty(),
        "{never:?} of {} flows: a longer window, a higher rate or another seed is needed",
        weights.len()
    );
}
