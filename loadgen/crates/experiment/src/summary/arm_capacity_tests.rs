//! What a summary says of the capacity of both arms.

use serde_json::json;

use super::*;
use crate::{
    paired::ArmCapacitySearch,
    schema::{ArmCapacities, ArmCapacity, Capacity, CapacityFactor},
};

fn capacity(lower: f64, upper: f64) -> Capacity {
    serde_json::from_value(json!({
        "unit": "rate", "slo": ["p95 < 1000ms"], "percentile": 0.95,
        "lower": lower, "lower_confirmed": true, "upper": upper, "upper_confirmed": true,
        "width": upper / lower - 1.0, "asked_width": 0.25, "ending": "found", "goodput_per_s": lower,
        "loads": [], "trials": [], "saturated": [], "saturation": "", "knees": [],
    }))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_capacities_come_first_in_the_headline_and_what_was_left_out_is_said() {
    let mut asked = experiment("");
    let mut finished = paired::run(&env(FINE, Some(CLEAN)), &asked, 1, &mut |_| {}).await;
    let without = of_experiment(context(), &asked, &finished);
    assert!(without.arm_capacities.is_none());
    let stored = serde_json::to_value(&without).unwrap();
    assert!(stored.get("arm_capacities").is_none());
    // A summary that was stored without the section is read as before.
    assert_eq!(serde_json::from_value::<Summary>(stored).unwrap(), without);

    asked.capacity = ArmCapacitySearch::LeftOut;
    let quick = of_experiment(context(), &asked, &finished);
    assert!(quick.not_tested[0].starts_with("the capacity of the arms"));

    let (before, after) = (capacity(8.5, 10.0), capacity(90.0, 110.0));
    finished.capacities = Some(ArmCapacities {
        factor: CapacityFactor::of(&before, &after),
        compared_at: Some(40.0),
        past: None,
        arms: [("before", before), ("after", after)]
            .map(|(arm, found)| ArmCapacity {
                arm: arm.into(),
                found,
            })
            .into(),
    });
    asked.capacity = ArmCapacitySearch::Yes;
    let summary = of_experiment(context(), &asked, &finished);
    let headline = &summary.verdict.headline;
    assert!(
        headline.starts_with("capacity before 8.50/s to 10/s, after 90/s to 110/s (9.0x to 13x); "),
        "{headline}"
    );
    assert!(!summary.not_tested[0].starts_with("the capacity of the arms"));
}
