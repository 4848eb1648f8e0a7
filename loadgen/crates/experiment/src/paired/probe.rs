//! What an arm takes at its limit, found by a short trial before the experiment.

use shared::invariant::InvariantResult;

use super::{file::Experiment, rate, run::OnTrial, warnings::why_invalid};
use crate::{
    trial::{self, CommandProgress, TestEnv, TrialError, TrialSpec},
    verdict::merge_audits,
};
use loadgen_engine::units::Rate;
use loadgen_stats::seed::sub_seed;

/// How the description of a common rate begins.
pub const COMMON_RATE: &str = "common rate ";

/// Most probes of an arm: an INVALID one is repeated until there are so many.
const MOST_PROBES: u32 = 3;

/// Loads each arm to its limit for a moment: before, then after. What the audits of all probes found is added to
/// `audits`, also where a probe then fails.
pub(super) async fn probe_arms(
    env: &TestEnv,
    experiment: &Experiment,
    workers: usize,
    audits: &mut [Vec<InvariantResult>; 2],
    on_trial: OnTrial<'_>,
) -> Result<[ProbedArm; 2], TrialError> {
    let probe = rate::probe(&experiment.suite);
    let seed = sub_seed(experiment.suite.seed, "probe");
    let mut probed = Vec::new();
    let specs = [("before", &experiment.before), ("after", &experiment.after)];
    for ((name, spec), audit) in specs.into_iter().zip(audits) {
        let arm = spec.clone().config(name, env.system.application());
        let spec = |number: u32| TrialSpec {
            suite: &probe,
            arm: &arm,
            block: 1,
            blocks: 1,
            folder: match number {
                1 => format!("probe_{name}"),
                repeated => format!("probe{repeated}_{name}"),
            },
            seed,
            workers,
            explained: false,
            course: CommandProgress::single(probe.windows.planned().duration()),
        };
        probed.push(probe_arm(env, spec, audit, on_trial).await?);
    }
    Ok(probed.try_into().expect("two arms are probed"))
}

/// Gives the experiment half of what the slower arm takes; returns that rate, and why it is that.
pub(super) fn set_common_rate(
    experiment: &mut Experiment,
    probed: &[ProbedArm; 2],
) -> Result<(Rate, String), TrialError> {
    let found = common_rate(probed)?;
    experiment
        .suite
        .set_rate(found)
        .map_err(|error| TrialError::NoRate(error.to_string()))?;
    let [before, after] = probed.each_ref().map(|one| one.iterations_per_s);
    let description = format!(
        "{COMMON_RATE}{found}: half of what the slower arm takes at its limit (`before` {before:.1}/s, `after` {after:.1}/s)"
    );
    Ok((found, description))
}

/// The rate that both arms are asked for. An arm whose probes were all INVALID has no known limit: the
/// generator may have been what took no more.
fn common_rate([before, after]: &[ProbedArm; 2]) -> Result<Rate, TrialError> {
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

/// What a probe of an arm found.
#[derive(Debug)]
pub(super) struct ProbedArm {
    /// Iterations a second that it took at its limit and answered as it should.
    pub(super) iterations_per_s: f64,
    /// Mean number of requests of an iteration.
    pub(super) requests_per_iteration: f64,
    /// Why its last probe is INVALID, if it is: its figures may be those of the generator.
    invalid: Option<String>,
}

/// Loads an arm to its limit for a moment; again, a bounded number of times, where the probe is INVALID. `spec` is
/// the trial of each attempt, counted from 1.
async fn probe_arm<'a>(
    env: &TestEnv,
    spec: impl Fn(u32) -> TrialSpec<'a>,
    audit: &mut Vec<InvariantResult>,
    on_trial: OnTrial<'_>,
) -> Result<ProbedArm, TrialError> {
    let mut number = 1;
    loop {
        let spec = spec(number);
        let outcome = Box::pin(trial::run(env, &spec)).await?;
        on_trial(&outcome);
        merge_audits(audit, &outcome.audit);
        if outcome.data.interrupted {
            return Err(TrialError::Stopped);
        }
        let invalid = why_invalid(&outcome.trial);
        if let Some(codes) = invalid.as_ref().filter(|_| number < MOST_PROBES) {
            number += 1;
            env.events.note(format!(
                "the probe of `{}` is not valid ({codes}): it is repeated ({number} of at most {MOST_PROBES})",
                spec.arm.name
            ));
            continue;
        }
        let iterations = outcome.data.planned_arrivals;
        return Ok(ProbedArm {
            iterations_per_s: rate::sustained(iterations, &outcome.trial),
            requests_per_iteration: outcome.trial.total.planned as f64 / iterations.max(1) as f64,
            invalid,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paired::{decide_fixture, series_fixture},
        schema::{CheckCode, ValidityCheck, ValidityWord},
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
            invalid: why_invalid(&probe),
        }
    }

    #[test]
    fn a_common_rate_comes_from_probes_that_are_not_invalid_or_is_not_known() {
        use ValidityWord::{Invalid, Noisy};
        let rate = |words: [ValidityWord; 2]| common_rate(&words.map(probed));
        let found = rate([Noisy, Noisy]).unwrap();
        assert!((found.as_per_second() - 50.0).abs() < 1e-9);
        for (arm, words) in [("before", [Invalid, Noisy]), ("after", [Noisy, Invalid])] {
            let why = rate(words).unwrap_err().to_string();
            let said = format!("3 probes of `{arm}` were INVALID (GEN_CPU)");
            assert!(why.contains(&said), "{why}");
        }
    }

    #[tokio::test]
    async fn an_invalid_probe_is_repeated_and_three_of_them_end_the_experiment() {
        use ValidityWord::{Invalid, Valid};
        let find_rate = |one: &mut Experiment| {
            one.find_rate = true;
            one.set_blocks(1);
        };
        let words = [Invalid, Invalid, Valid, Invalid, Valid];
        let (finished, folders) = series_fixture::ran(&words, find_rate).await;
        let probes = [
            "probe_before",
            "probe2_before",
            "probe3_before",
            "probe_after",
            "probe2_after",
        ];
        assert_eq!(folders[..5], probes);
        assert_eq!(folders.len(), 5 + 2, "{folders:?}");
        // Half of 1,000 iterations in four seconds, to two digits.
        let (rate, _) = finished.rate.unwrap();
        assert!((rate.as_per_second() - 120.0).abs() < 1e-9, "{rate}");

        let (finished, folders) = series_fixture::ran(&[Invalid; 3], find_rate).await;
        assert_eq!(folders, probes[..4], "nothing is compared");
        let why = finished.error.unwrap().to_string();
        assert!(
            why.contains("3 probes of `before` were INVALID (LAG)"),
            "{why}"
        );
    }
}
