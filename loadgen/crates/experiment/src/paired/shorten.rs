//! Another warm-up and measured window for a suite, in proportion.

use shared::time::Millis;

use loadgen_engine::suite::{LoadModel, Phase, Suite, UserPhase};

/// Gives a suite another warm-up and measured window. An open load of several phases keeps
/// their proportions; a single rate keeps its rate.
pub fn shorten(suite: &mut Suite, warm_up: Millis, measure: Millis) {
    let (old_warm_up, old_measure) = (suite.windows.warm_up.0, suite.windows.measure.0.max(1));
    suite.windows.warm_up = warm_up;
    suite.windows.measure = measure;
    match &mut suite.load {
        LoadModel::Closed { duration, .. } => {
            *duration = suite.windows.planned();
            shorten_ramp(
                &mut suite.options.ramp,
                (old_warm_up, warm_up.0),
                (old_measure, measure.0),
            );
        }
        LoadModel::Open { phases, .. } => {
            let mut begins = 0;
            let mut all: Vec<Phase> = Vec::new();
            for phase in phases.iter() {
                let warm = begins < old_warm_up;
                begins += phase.duration.0;
                let scaled = if warm && old_warm_up > 0 {
                    phase.duration.0 * warm_up.0 / old_warm_up
                } else {
                    phase.duration.0 * measure.0 / old_measure
                };
                all.push(Phase {
                    duration: Millis(scaled),
                    ..phase.clone()
                });
            }
            if old_warm_up == 0
                && warm_up.0 > 0
                && let Some(first) = phases.first()
            {
                let warm = Phase {
                    name: "warm up".to_owned(),
                    ..Phase::level(first.rate, warm_up)
                };
                all.insert(0, warm);
            }
            all.retain(|phase| phase.duration.0 > 0);
            *phases = all;
        }
    }
}

/// The same for the phases of a closed load, each `(old, new)` in milliseconds.
fn shorten_ramp(ramp: &mut Vec<UserPhase>, warm_up: (u64, u64), measure: (u64, u64)) {
    let mut begins = 0;
    for phase in ramp.iter_mut() {
        let (old, new) = if begins < warm_up.0 { warm_up } else { measure };
        begins += phase.duration.0;
        phase.duration = Millis(phase.duration.0 * new / old.max(1));
    }
    if let Some(first) = ramp.first().filter(|_| warm_up.0 == 0 && warm_up.1 > 0) {
        let first = UserPhase {
            name: "warm up".to_owned(),
            duration: Millis(warm_up.1),
            users: first.users,
            to: None,
            flows: Vec::new(),
        };
        ramp.insert(0, first);
    }
    ramp.retain(|phase| phase.duration.0 > 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paired::file::parse, system::Shop};

    const PHASES: &str = "\
name: x
before: {}
after: {}
load: { model: open, phases: [ {name: warm up, duration: 10s, rate: 1/s}, {duration: 20s, rate: 5/s}, {duration: 40s, rate: 9/s} ] }
flows: [ { flow: orders.browse } ]
";

    #[test]
    fn shortening_keeps_the_proportions_of_the_phases() {
        let mut suite = parse(PHASES, "x.yaml", &Shop).unwrap().suite;
        shorten(&mut suite, Millis(1_000), Millis(6_000));
        let LoadModel::Open { phases, .. } = &suite.load else {
            panic!("open")
        };
        let lengths: Vec<u64> = phases.iter().map(|phase| phase.duration.0).collect();
        assert_eq!(lengths, [1_000, 2_000, 4_000]);
    }
}
