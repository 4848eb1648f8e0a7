//! What an arm takes at its limit, found by a short trial before the experiment.

use shared::invariant::InvariantResult;

use super::{arm_spec::ArmSpec, file::Experiment, rate, run::OnTrial};
use crate::trial::{self, CommandProgress, TestEnv, TrialError, TrialSpec};
use loadgen_engine::units::Rate;
use loadgen_stats::seed::sub_seed;

/// How the description of a common rate begins.
pub const COMMON_RATE: &str = "common rate ";

/// Loads each arm to its limit for a moment, and gives the experiment half of what the slower
/// one takes.
pub(super) async fn find_rate(
    env: &TestEnv,
    experiment: &mut Experiment,
    workers: usize,
    on_trial: OnTrial<'_>,
) -> Result<FoundRate, TrialError> {
    let before = probe_arm(
        env,
        experiment,
        workers,
        ("before", &experiment.before),
        on_trial,
    )
    .await?;
    let after = probe_arm(
        env,
        experiment,
        workers,
        ("after", &experiment.after),
        on_trial,
    )
    .await?;
    let (audits, [before, after]) = (
        [before.audit, after.audit],
        [before.iterations_per_s, after.iterations_per_s],
    );
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
        "{COMMON_RATE}{found}: half of what the slower arm takes at its limit (`before` {before:.1}/s, `after` {after:.1}/s)"
    );
    env.events.note(description.clone());
    Ok(FoundRate {
        rate: found,
        description,
        audits,
    })
}

/// A common rate of both arms.
pub(super) struct FoundRate {
    pub(super) rate: Rate,
    /// Why it is that, in one line.
    pub(super) description: String,
    /// What the audits of both probes found: an invariant that was broken then is broken.
    pub(super) audits: [Vec<InvariantResult>; 2],
}

/// What a probe of an arm found.
pub(super) struct ProbedArm {
    /// Iterations a second that it took at its limit and answered as it should.
    pub(super) iterations_per_s: f64,
    /// Mean number of requests of an iteration.
    pub(super) requests_per_iteration: f64,
    /// What its audit found.
    pub(super) audit: Vec<InvariantResult>,
}

/// Loads an arm to its limit for a moment.
pub(super) async fn probe_arm(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    (name, spec): (&str, &ArmSpec),
    on_trial: OnTrial<'_>,
) -> Result<ProbedArm, TrialError> {
    let probe = rate::probe(&experiment.suite);
    let arm = spec.clone().config(name, env.system.application());
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
    on_trial(&outcome);
    if outcome.data.interrupted {
        return Err(TrialError::Stopped);
    }
    let iterations = outcome.data.planned_arrivals;
    Ok(ProbedArm {
        iterations_per_s: rate::sustained(iterations, &outcome.trial),
        requests_per_iteration: outcome.trial.total.planned as f64 / iterations.max(1) as f64,
        audit: outcome.audit,
    })
}
