//! A whole experiment in its order: the common rate, the controls, the pairs.

use super::{
    arm_capacities::{self, FoundCapacities},
    arm_spec::ArmSpec,
    control::{CONTROL_BLOCKS, ControlKind, weigh},
    file::{ArmCapacitySearch, Experiment},
    finished::Finished,
    probe::{FoundRate, find_rate},
    run::{BlockSeries, OnTrial},
};
use shared::invariant::InvariantResult;

use crate::{
    metric::MetricId,
    schema::Control,
    system::SystemError,
    trial::{CommandClock, TestEnv},
    verdict::merge_audits,
};

/// Runs it: finds a common rate and runs the controls where those are asked for, then the pairs.
pub async fn run(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    on_trial: OnTrial<'_>,
) -> Finished {
    let mut experiment = experiment.clone();
    let specs = [experiment.before.clone(), experiment.after.clone()];
    let mut before = FoundBefore::default();
    if experiment.find_rate {
        match find_rate(env, &mut experiment, workers, on_trial).await {
            Ok(found) => before.rate = Some(found),
            Err(error) => {
                let mut series = BlockSeries::new(env, &experiment, workers, specs.clone(), "");
                series.fail(error);
                return before.join(series.finish());
            }
        }
    }
    if experiment.capacity == ArmCapacitySearch::Yes {
        match Box::pin(arm_capacities::search(env, &experiment, workers, on_trial)).await {
            Ok(found) => before.capacities = Some(found),
            Err(error) => {
                let mut series = BlockSeries::new(env, &experiment, workers, specs.clone(), "");
                series.fail(error);
                return before.join(series.finish());
            }
        }
    }
    let mut clock = CommandClock::start(2 * (experiment.blocks + experiment.control_blocks()));
    for kind in experiment.controls.clone() {
        let arms = match kind.arms(&experiment.after.settings, env.system.application()) {
            Ok(arms) => arms,
            Err(why) => {
                let mut series = BlockSeries::new(env, &experiment, workers, specs.clone(), "");
                series.fail(SystemError::Failed(why).into());
                return before.join(series.finish());
            }
        };
        // A control compares the second arm with itself: both run its program and its services.
        let arms = arms.map(|settings| ArmSpec {
            settings,
            ..experiment.after.clone()
        });
        let mut series = BlockSeries::new(env, &experiment, workers, arms, kind.as_str());
        series.clock = clock;
        env.events.note(format!("control: {}", kind.as_str()));
        series.blocks(CONTROL_BLOCKS, on_trial).await;
        clock = series.clock.clone();
        let mut finished = series.finish();
        if finished.interrupted || finished.error.is_some() {
            // What was compared is not what the experiment claims.
            finished.effects.clear();
            finished.warnings.push(format!(
                "the control {} was not finished: the experiment itself did not run",
                kind.as_str()
            ));
            return before.join(finished);
        }
        let sentence = before.controls.add(kind, finished, &experiment.primary);
        env.events.note(sentence);
    }
    let mut series = BlockSeries::new(env, &experiment, workers, specs, "");
    series.clock = clock;
    series.blocks(experiment.blocks, on_trial).await;
    series.more_blocks(on_trial).await;
    let mut finished = series.finish();
    if let Some(found) = &mut before.capacities {
        Box::pin(found.past(env, workers, &mut finished, on_trial)).await;
    }
    before.join(finished)
}

/// What was found before the pairs. It belongs to the experiment however that ends: a rate that was found is the one
/// that its trials had, and an invariant that was broken is broken.
#[derive(Default)]
struct FoundBefore {
    rate: Option<FoundRate>,
    capacities: Option<FoundCapacities>,
    controls: ControlFindings,
}

impl FoundBefore {
    /// The experiment with all of it.
    fn join(self, finished: Finished) -> Finished {
        let mut finished = self.controls.join(finished);
        if let Some(found) = self.rate {
            finished.add_audits(&found.audits);
            finished.rate = Some((found.rate, found.description));
        }
        match self.capacities {
            Some(found) => found.join(finished),
            None => finished,
        }
    }
}

/// What the finished controls leave for the experiment.
#[derive(Debug, Default)]
struct ControlFindings {
    controls: Vec<Control>,
    /// Of each arm: an invariant that was broken during a control is broken.
    audits: [Vec<InvariantResult>; 2],
    warnings: Vec<String>,
}

impl ControlFindings {
    /// Adds a control that ran to its end; returns what it found, in words.
    fn add(&mut self, kind: ControlKind, finished: Finished, primary: &[MetricId]) -> String {
        let mut control = kind.found(finished.valid_blocks, finished.effects, primary);
        for (all, arm) in self.audits.iter_mut().zip(&finished.arms) {
            control.fail_if_violated(&arm.measured.audit);
            merge_audits(all, &arm.measured.audit);
        }
        let warnings = finished.warnings.iter();
        self.warnings
            .extend(warnings.map(|warning| format!("control {}: {warning}", kind.as_str())));
        let sentence = control.sentence.clone();
        self.controls.push(control);
        sentence
    }

    /// The experiment with what its controls found.
    fn join(self, mut finished: Finished) -> Finished {
        finished.add_audits(&self.audits);
        finished.warnings.extend(self.warnings);
        weigh(&mut finished.effects, &self.controls);
        finished.controls = self.controls;
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paired::series_fixture, trial::TrialError, verdict};

    #[test]
    fn what_was_found_before_a_series_that_is_stopped_belongs_to_the_experiment() {
        let (env, experiment) = (series_fixture::env(), series_fixture::experiment());
        let broken = InvariantResult {
            number: 1,
            name: "stock".to_owned(),
            statement: "It holds.".to_owned(),
            violations: 3,
            rows: Vec::new(),
        };
        let before = FoundBefore {
            rate: Some(FoundRate {
                rate: "7/s".parse().unwrap(),
                description: "common rate 7/s".to_owned(),
                audits: [vec![broken], Vec::new()],
            }),
            ..FoundBefore::default()
        };
        let arms = [experiment.before.clone(), experiment.after.clone()];
        let mut control = BlockSeries::new(&env, &experiment, 1, arms, "a_a");
        control.fail(TrialError::Stopped);
        let finished = before.join(control.finish());
        assert!(finished.interrupted);
        let rate = ("7/s".parse().unwrap(), "common rate 7/s".to_owned());
        assert_eq!(finished.rate, Some(rate));
        let violations = finished
            .arms
            .map(|arm| verdict::violations(&arm.measured.audit));
        assert_eq!(violations, [3, 0]);
    }
}
