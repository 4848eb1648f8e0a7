//! A whole experiment in its order: the common rate, the controls, the pairs.

use super::{
    arm_capacities,
    arm_spec::ArmSpec,
    control::{CONTROL_BLOCKS, ControlKind, weigh},
    file::{ArmCapacitySearch, Experiment},
    finished::Finished,
    probe::find_rate,
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
    let mut rate = None;
    if experiment.find_rate {
        match find_rate(env, &mut experiment, workers, on_trial).await {
            Ok(found) => rate = Some(found),
            Err(error) => {
                let mut series = BlockSeries::new(env, &experiment, workers, specs.clone(), "");
                series.fail(error);
                return series.finish();
            }
        }
    }
    let mut capacities = None;
    if experiment.capacity == ArmCapacitySearch::Yes {
        match Box::pin(arm_capacities::search(env, &experiment, workers, on_trial)).await {
            Ok(found) => capacities = Some(found),
            Err(error) => {
                let mut series = BlockSeries::new(env, &experiment, workers, specs.clone(), "");
                series.fail(error);
                return series.finish();
            }
        }
    }
    let mut controls = ControlFindings::default();
    let mut clock = CommandClock::start(2 * (experiment.blocks + experiment.control_blocks()));
    for kind in experiment.controls.clone() {
        let arms = match kind.arms(&experiment.after.settings, env.system.application()) {
            Ok(arms) => arms,
            Err(why) => {
                let mut series = BlockSeries::new(env, &experiment, workers, specs.clone(), "");
                series.fail(SystemError::Failed(why).into());
                return series.finish();
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
            return controls.join(finished);
        }
        let sentence = controls.add(kind, finished, &experiment.primary);
        env.events.note(sentence);
    }
    let mut series = BlockSeries::new(env, &experiment, workers, specs, "");
    series.clock = clock;
    series.blocks(experiment.blocks, on_trial).await;
    series.more_blocks(on_trial).await;
    let mut finished = controls.join(series.finish());
    finished.rate = rate;
    if let Some(mut found) = capacities {
        Box::pin(found.past(env, workers, &mut finished, on_trial)).await;
        finished = found.join(finished);
    }
    finished
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
        for (arm, found) in finished.arms.iter_mut().zip(&self.audits) {
            merge_audits(&mut arm.measured.audit, found);
        }
        finished.warnings.extend(self.warnings);
        weigh(&mut finished.effects, &self.controls);
        finished.controls = self.controls;
        finished
    }
}
