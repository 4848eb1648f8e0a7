//! What an arm takes at its limit, found by a short trial before the experiment.

use shared::invariant::InvariantResult;

use super::{arm_spec::ArmSpec, file::Experiment, rate, run::OnTrial, warnings::reasons};
use crate::{
    schema::{Trial, ValidityWord},
    trial::{self, CommandProgress, TestEnv, TrialError, TrialSpec},
    verdict::merge_audits,
};
use loadgen_engine::units::Rate;
use loadgen_stats::seed::sub_seed;

/// How the description of a common rate begins.
pub const COMMON_RATE: &str = "common rate ";

/// Most probes of an arm: an INVALID one is repeated until there are so many.
const MOST_PROBES: u32 = 3;

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
    let found = common_rate([&before, &after])?;
    experiment
        .suite
        .set_rate(found)
        .map_err(|error| TrialError::NoRate(error.to_string()))?;
    let description = format!(
        "{COMMON_RATE}{found}: half of what the slower arm takes at its limit (`before` {:.1}/s, `after` {:.1}/s)",
        before.iterations_per_s, after.iterations_per_s
    );
    env.events.note(description.clone());
    Ok(FoundRate {
        rate: found,
        description,
        audits: [before.audit, after.audit],
    })
}

/// The rate that both arms are asked for. An arm whose probes were all INVALID has no known limit: the
/// generator may have been what took no more.
fn common_rate([before, after]: [&ProbedArm; 2]) -> Result<Rate, TrialError> {
    for (name, probed) in [("before", before), ("after", after)] {
        if let Some(codes) = &probed.invalid {
            return Err(TrialError::NoRate(format!(
                "{MOST_PROBES} probes of `{name}` were INVALID ({codes}), so what it takes at its limit is not known"
            )));
        }
    }
    let limits = [before.iterations_per_s, after.iterations_per_s];
    rate::common(limits).ok_or_else(|| {
        let [before, after] = limits;
        TrialError::NoRate(format!(
            "at their limits `before` takes {before:.2} and `after` {after:.2} iterations a second"
        ))
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
    /// What the audits of all its probes found.
    pub(super) audit: Vec<InvariantResult>,
    /// Why its last probe is INVALID, if it is: its figures may be those of the generator.
    invalid: Option<String>,
}

/// Loads an arm to its limit for a moment; again, a bounded number of times, where the probe is INVALID.
pub(super) async fn probe_arm(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    (name, spec): (&str, &ArmSpec),
    on_trial: OnTrial<'_>,
) -> Result<ProbedArm, TrialError> {
    let probe = rate::probe(&experiment.suite);
    let arm = spec.clone().config(name, env.system.application());
    let mut audit = Vec::new();
    let mut number = 1;
    loop {
        let folder = match number {
            1 => format!("probe_{name}"),
            repeated => format!("probe{repeated}_{name}"),
        };
        let spec = TrialSpec {
            suite: &probe,
            arm: &arm,
            block: 1,
            blocks: 1,
            folder,
            seed: sub_seed(experiment.suite.seed, "probe"),
            workers,
            explained: false,
            course: CommandProgress::single(probe.windows.planned().duration()),
        };
        let outcome = Box::pin(trial::run(env, &spec)).await?;
        on_trial(&outcome);
        if outcome.data.interrupted {
            return Err(TrialError::Stopped);
        }
        merge_audits(&mut audit, &outcome.audit);
        let invalid = why_invalid(&outcome.trial);
        if let Some(codes) = invalid.as_ref().filter(|_| number < MOST_PROBES) {
            number += 1;
            env.events.note(format!(
                "the probe of `{name}` is not valid ({codes}): it is repeated ({number} of at most {MOST_PROBES})"
            ));
            continue;
        }
        let iterations = outcome.data.planned_arrivals;
        return Ok(ProbedArm {
            iterations_per_s: rate::sustained(iterations, &outcome.trial),
            requests_per_iteration: outcome.trial.total.planned as f64 / iterations.max(1) as f64,
            audit,
            invalid,
        });
    }
}

/// The codes that make a probe INVALID; `None` where it can be trusted.
fn why_invalid(probe: &Trial) -> Option<String> {
    let invalid = probe.validity.word == ValidityWord::Invalid;
    invalid.then(|| reasons(probe).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paired::decide_fixture,
        schema::{CheckCode, ValidityCheck},
    };

    fn probed(word: ValidityWord) -> ProbedArm {
        let mut probe = decide_fixture::trial(Some(1.0), 1.0);
        probe.validity.word = word;
        probe.validity.checks = vec![ValidityCheck {
            code: CheckCode::GenCpu,
            ok: false,
            figure: String::new(),
            limit: String::new(),
            advice: String::new(),
        }];
        ProbedArm {
            iterations_per_s: 100.0,
            requests_per_iteration: 1.0,
            audit: Vec::new(),
            invalid: why_invalid(&probe),
        }
    }

    #[test]
    fn a_common_rate_comes_from_probes_that_are_not_invalid_or_is_not_known() {
        let (noisy, invalid) = (probed(ValidityWord::Noisy), probed(ValidityWord::Invalid));
        let found = common_rate([&noisy, &noisy]).unwrap();
        assert!((found.as_per_second() - 50.0).abs() < 1e-9);
        for (arm, probes) in [
            ("before", [&invalid, &noisy]),
            ("after", [&noisy, &invalid]),
        ] {
            let why = common_rate(probes).unwrap_err().to_string();
            let said = format!("3 probes of `{arm}` were INVALID (GEN_CPU)");
            assert!(why.contains(&said), "{why}");
        }
    }
}
