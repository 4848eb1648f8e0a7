//! A whole experiment in its order: the common rate, the controls, the pairs.

use super::{
    arm_capacities,
    control::{CONTROL_BLOCKS, ControlKind, weigh},
    file::{ArmCapacitySearch, ArmSpec, Experiment},
    finished::Finished,
    rate,
    run::{Kept, Work},
};
use shared::invariant::InvariantResult;

use crate::{
    schema::Control,
    system::SystemError,
    trial::{self, ArmConfig, CommandClock, CommandProgress, TestEnv, TrialError, TrialSpec},
    verdict::merge_audits,
};
use loadgen_engine::units::Rate;
use loadgen_stats::seed::sub_seed;

/// Runs it: finds a common rate and runs the controls where those are asked for, then the pairs.
pub async fn run(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    kept: Kept<'_>,
) -> Finished {
    let mut experiment = experiment.clone();
    let profiles = [
        experiment.before.settings.clone(),
        experiment.after.settings.clone(),
    ];
    let mut rate = None;
    if experiment.find_rate {
        match find_rate(env, &mut experiment, workers, kept).await {
            Ok(found) => rate = Some(found),
            Err(error) => {
                let mut work = Work::new(env, &experiment, workers, profiles, "");
                work.fail(error);
                return work.finish();
            }
        }
    }
    let mut capacities = None;
    if experiment.capacity == ArmCapacitySearch::Yes {
        match Box::pin(arm_capacities::search(env, &experiment, workers, kept)).await {
            Ok(found) => capacities = Some(found),
            Err(error) => {
                let mut work = Work::new(env, &experiment, workers, profiles, "");
                work.fail(error);
                return work.finish();
            }
        }
    }
    let mut controls = ControlFindings::default();
    let mut clock = CommandClock::start(2 * (experiment.blocks + experiment.control_blocks()));
    for kind in experiment.controls.clone() {
        let arms = match kind.arms(&experiment.after.settings, env.system.application()) {
            Ok(arms) => arms,
            Err(why) => {
                let mut work = Work::new(env, &experiment, workers, profiles, "");
                work.fail(SystemError::Failed(why).into());
                return work.finish();
            }
        };
        let mut work = Work::new(env, &experiment, workers, arms, kind.as_str());
        work.clock = clock;
        env.events.note(format!("control: {}", kind.as_str()));
        work.blocks(CONTROL_BLOCKS, kept).await;
        clock = work.clock.clone();
        let mut finished = work.finish();
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
    let mut work = Work::new(env, &experiment, workers, profiles, "");
    work.clock = clock;
    work.blocks(experiment.blocks, kept).await;
    work.more_blocks(kept).await;
    let mut finished = controls.join(work.finish());
    finished.rate = rate;
    if let Some(mut found) = capacities {
        Box::pin(found.past(env, workers, &mut finished, kept)).await;
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
    fn add(&mut self, kind: ControlKind, finished: Finished, primary: &[String]) -> String {
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

/// Loads each arm to its limit for a moment, and gives the experiment half of what the slower
/// one takes.
async fn find_rate(
    env: &TestEnv,
    experiment: &mut Experiment,
    workers: usize,
    kept: Kept<'_>,
) -> Result<(Rate, String), TrialError> {
    let before = probe_arm(
        env,
        experiment,
        workers,
        ("before", &experiment.before),
        kept,
    )
    .await?;
    let after = probe_arm(env, experiment, workers, ("after", &experiment.after), kept).await?;
    let [before, after] = [before, after].map(|probed| probed.iterations_per_s);
    let found = rate::common([before, after]).ok_or_else(|| {
        TrialError::NoRate(format!(
            "at their limits `before` takes {before:.2} and `after` {after:.2} iterations a second"
        ))
    })?;
    experiment
        .suite
        .set_rate(found)
        .map_err(|error| TrialError::NoRate(error.to_string()))?;
    let description = format!(
        "common rate {found}: half of what the slower arm takes at its limit (`before` {before:.1}/s, `after` {after:.1}/s)"
    );
    env.events.note(description.clone());
    Ok((found, description))
}

/// What a probe of an arm found.
pub(super) struct ProbedArm {
    /// Iterations a second that it took at its limit and answered as it should.
    pub(super) iterations_per_s: f64,
    /// Mean number of requests of an iteration.
    pub(super) requests_per_iteration: f64,
}

/// Loads an arm to its limit for a moment.
pub(super) async fn probe_arm(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    (name, spec): (&str, &ArmSpec),
    kept: Kept<'_>,
) -> Result<ProbedArm, TrialError> {
    let probe = rate::probe(&experiment.suite);
    let arm = ArmConfig::new(name, spec.settings.clone(), env.system.application());
    let spec = TrialSpec {
        suite: &probe,
        arm: &arm,
        block: 1,
        blocks: 1,
        folder: format!("probe_{name}"),
        seed: sub_seed(experiment.suite.seed, "probe"),
        workers,
        explained: false,
        course: CommandProgress::single(probe.windows.planned().duration()),
    };
    let outcome = trial::run(env, &spec).await?;
    kept(&outcome);
    if outcome.data.interrupted {
        return Err(TrialError::Stopped);
    }
    let iterations = outcome.data.planned_arrivals;
    Ok(ProbedArm {
        iterations_per_s: rate::sustained(iterations, &outcome.trial),
        requests_per_iteration: outcome.trial.total.planned as f64 / iterations.max(1) as f64,
    })
}
