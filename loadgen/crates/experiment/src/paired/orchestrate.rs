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
use loadgen_engine::units::Rate;

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
            Ok(found) => before.add_rate(found),
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
    rate: Option<(Rate, String)>,
    /// Of each arm, from its probe.
    probed: [Vec<InvariantResult>; 2],
    capacities: Option<FoundCapacities>,
    controls: ControlFindings,
}

impl FoundBefore {
    fn add_rate(&mut self, found: FoundRate) {
        self.rate = Some((found.rate, found.description));
        self.probed = found.audits;
    }

    /// The experiment with all of it.
    fn join(self, finished: Finished) -> Finished {
        let mut finished = self.controls.join(finished);
        for (arm, found) in finished.arms.iter_mut().zip(&self.probed) {
            merge_audits(&mut arm.measured.audit, found);
        }
        finished.rate = self.rate;
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
        for (arm, found) in finished.arms.iter_mut().zip(&self.audits) {
            merge_audits(&mut arm.measured.audit, found);
        }
        finished.warnings.extend(self.warnings);
        weigh(&mut finished.effects, &self.controls);
        finished.controls = self.controls;
        finished
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use loadgen_engine::{
        driver::{ClientOptions, Endpoint},
        flow::SingleRequest,
        request::Request,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        events::{LoadControl, Publisher},
        paired::file,
        system::{Endpoints, HttpService, Shop},
        trial::TrialError,
        verdict,
    };

    #[test]
    fn what_was_found_before_a_series_that_is_stopped_belongs_to_the_experiment() {
        let text = "name: x\nbefore: { profile: before }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 40/s, duration: 1s }\nflows: [ { flow: orders.browse } ]\n";
        let experiment = file::parse(text, "x.yaml", &Shop).unwrap();
        let endpoint = Endpoint {
            address: ([127, 0, 0, 1], 80).into(),
            host: "localhost".to_owned(),
        };
        let service = HttpService::new(
            Endpoints::one(endpoint),
            ClientOptions::default(),
            SingleRequest::new(Request::get("/"), None),
        );
        let load_control = LoadControl::new(CancellationToken::new());
        let env = TestEnv::of(Arc::new(service), Publisher::silent(), load_control);
        let mut before = FoundBefore::default();
        let broken = InvariantResult {
            number: 1,
            name: "stock".to_owned(),
            statement: "It holds.".to_owned(),
            violations: 3,
            rows: Vec::new(),
        };
        before.add_rate(FoundRate {
            rate: "7/s".parse().unwrap(),
            description: "common rate 7/s".to_owned(),
            audits: [vec![broken], Vec::new()],
        });
        let arms = [experiment.before.clone(), experiment.after.clone()];
        let mut control = BlockSeries::new(&env, &experiment, 1, arms, "a_a");
        control.fail(TrialError::Stopped);
        let finished = before.join(control.finish());
        assert!(finished.interrupted);
        let (rate, said) = finished.rate.unwrap();
        assert_eq!(rate, "7/s".parse::<Rate>().unwrap());
        assert_eq!(said, "common rate 7/s");
        let violations = finished
            .arms
            .map(|arm| verdict::violations(&arm.measured.audit));
        assert_eq!(violations, [3, 0]);
    }
}
