//! A whole experiment in its order: the common rate, the controls, the pairs.

use super::{
    arm_capacities::{self, FoundCapacities},
    arm_spec::ArmSpec,
    control::{CONTROL_BLOCKS, ControlKind, weigh},
    file::{ArmCapacitySearch, Experiment},
    finished::Finished,
    probe::{probe_arms, set_common_rate},
    run::{BlockSeries, OnTrial},
};
use shared::invariant::InvariantResult;

use crate::{
    metric::MetricId,
    schema::Control,
    system::SystemError,
    trial::{CommandClock, TestEnv, TrialError},
    verdict::merge_audits,
};
use loadgen_engine::units::Rate;

/// Runs it: finds a common rate and runs the controls where those are asked for, then the pairs.
pub async fn run(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    on_trial: OnTrial<'_>,
) -> Finished {
    let mut experiment = experiment.clone();
    let mut before = FoundBefore::default();
    let searched = Box::pin(before.search(env, &mut experiment, workers, on_trial)).await;
    let specs = [experiment.before.clone(), experiment.after.clone()];
    let mut series = BlockSeries::new(env, &experiment, workers, specs, "");
    if let Err(error) = searched {
        series.fail(error);
        return before.join(series.finish());
    }
    let mut clock = CommandClock::start(2 * (experiment.blocks + experiment.control_blocks()));
    for kind in &experiment.controls {
        let arms = match kind.arms(&experiment.after.settings, env.system.application()) {
            Ok(arms) => arms,
            Err(why) => {
                series.fail(SystemError::Failed(why).into());
                return before.join(series.finish());
            }
        };
        // A control compares the second arm with itself: both run its program and its services.
        let arms = arms.map(|settings| ArmSpec {
            settings,
            ..experiment.after.clone()
        });
        let mut control = BlockSeries::new(env, &experiment, workers, arms, kind.as_str());
        control.clock = clock;
        env.events.note(format!("control: {}", kind.as_str()));
        control.blocks(CONTROL_BLOCKS, on_trial).await;
        clock = control.clock.clone();
        let mut finished = control.finish();
        if finished.interrupted || finished.error.is_some() {
            // What was compared is not what the experiment claims.
            finished.effects.clear();
            finished.warnings.push(format!(
                "the control {} was not finished: the experiment itself did not run",
                kind.as_str()
            ));
            return before.join(finished);
        }
        let sentence = before.add_control(*kind, finished, &experiment.primary);
        env.events.note(sentence);
    }
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
    /// The common rate, and why it is that.
    rate: Option<(Rate, String)>,
    capacities: Option<FoundCapacities>,
    controls: Vec<Control>,
    /// Of each arm.
    audits: [Vec<InvariantResult>; 2],
    warnings: Vec<String>,
}

impl FoundBefore {
    /// Probes the arms once for all that needs it, gives the experiment a common rate, and searches the capacities:
    /// what of it was asked for.
    async fn search(
        &mut self,
        env: &TestEnv,
        experiment: &mut Experiment,
        workers: usize,
        on_trial: OnTrial<'_>,
    ) -> Result<(), TrialError> {
        let mut probed = None;
        if experiment.is_probed() {
            let probes = probe_arms(env, experiment, workers, &mut self.audits, on_trial);
            let probes = probed.insert(Box::pin(probes).await?);
            if experiment.find_rate {
                let (_, why) = self.rate.insert(set_common_rate(experiment, probes)?);
                env.events.note(why.clone());
            }
        }
        if experiment.capacity == ArmCapacitySearch::Yes {
            let (probed, audits) = (probed.as_ref(), &mut self.audits);
            let search = arm_capacities::search(env, experiment, workers, probed, audits, on_trial);
            self.capacities = Some(Box::pin(search).await?);
        }
        Ok(())
    }

    /// Adds a control that ran to its end; returns what it found, in words.
    fn add_control(
        &mut self,
        kind: ControlKind,
        finished: Finished,
        primary: &[MetricId],
    ) -> String {
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

    /// The experiment with all of it.
    fn join(self, mut finished: Finished) -> Finished {
        for (arm, found) in finished.arms.iter_mut().zip(&self.audits) {
            merge_audits(&mut arm.measured.audit, found);
        }
        finished.warnings.extend(self.warnings);
        weigh(&mut finished.effects, &self.controls);
        finished.controls = self.controls;
        finished.rate = self.rate;
        match self.capacities {
            Some(found) => found.join(finished),
            None => finished,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{paired::series_fixture, verdict};

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
            rate: Some(("7/s".parse().unwrap(), "common rate 7/s".to_owned())),
            audits: [vec![broken], Vec::new()],
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

    #[tokio::test]
    async fn whatever_is_searched_first_each_trial_has_a_folder_of_its_own() {
        for (find_rate, capacity, probes) in [
            (true, ArmCapacitySearch::No, 2),
            (false, ArmCapacitySearch::Yes, 2),
            (true, ArmCapacitySearch::Yes, 2),
            (false, ArmCapacitySearch::LeftOut, 0),
        ] {
            let (finished, folders) = series_fixture::ran(&[], |one| {
                (one.find_rate, one.capacity) = (find_rate, capacity);
                one.controls = vec![ControlKind::Same, ControlKind::Planted(10)];
                one.set_blocks(1);
            })
            .await;
            assert!(finished.error.is_none(), "{:?}", finished.error);
            let distinct: BTreeSet<&String> = folders.iter().collect();
            assert_eq!(distinct.len(), folders.len(), "{folders:?}");
            let probed = folders.iter().filter(|one| one.starts_with("probe"));
            assert_eq!(probed.count(), probes);
            assert_eq!(finished.rate.is_some(), find_rate);
            assert_eq!(
                finished.capacities.is_some(),
                capacity == ArmCapacitySearch::Yes
            );
        }
    }
}
