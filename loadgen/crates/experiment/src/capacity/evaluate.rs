//! What one trial says of its load.

use super::{breakdown_trial::breakdown_trial, outcome::KeptTrial, plan::CapacityPlan};
use crate::{
    schema::{
        CheckCode, LoadTrial, LoadUnit, LoadVote, Percentile, ThresholdResult, ThresholdWord,
        Trial, TrialPurpose, ValidityWord,
    },
    system::Application,
    trial::{Measured, TrialOutcome},
    verdict,
};
use loadgen_engine::{
    aggregator::TrialData,
    units::{Nanos, Quantile},
};

/// Requests under way at the end, as a multiple of those that a steady load has, from which a queue grew.
const GROWING: f64 = 1.5;
/// Requests that may be under way by chance.
const FEW_UNDER_WAY: f64 = 10.0;

/// The trial with its vote.
pub(super) fn evaluate(
    plan: &CapacityPlan,
    application: &dyn Application,
    (load, purpose): (f64, TrialPurpose),
    outcome: &TrialOutcome,
    took_s: f64,
) -> KeptTrial {
    let mut measured = Measured::default();
    measured.add(outcome);
    let info = application.info();
    let thresholds = verdict::evaluate(
        &plan.slo,
        &outcome.trial.arm,
        measured.figures(application.catalog(), &info),
    );
    let (vote, why) = vote(
        falls_behind(plan.unit, &outcome.data),
        &thresholds,
        &outcome.trial,
    );
    let (data, trial) = (&outcome.data, &outcome.trial);
    let quantile = plan.quantile();
    let response = data.total.response_slo(quantile);
    let step = LoadTrial {
        folder: trial.folder.clone(),
        load,
        purpose,
        vote,
        why,
        took_s,
        goodput_per_s: trial.total.rate_per_s,
        in_system: data.outstanding_area as f64 / (data.window_s().max(1e-9) * 1e9),
        response_ms: Percentile::of(
            quantile.share(),
            data.total.planned,
            response.map(Nanos::as_ms),
        ),
        success: trial.total.success,
        validity: trial.validity.word,
    };
    KeptTrial {
        breakdown: breakdown_trial(plan, application, &step, outcome),
        step,
        thresholds,
        audit: outcome.audit.clone(),
        trial: trial.clone(),
    }
}

/// Whether more requests are under way at the end of an open load than its rate and its median response
/// time explain (Little's law): of a queue that grows evenly it is twice as many. The check BACKLOG alone
/// also finds the requests that cross the edges of a short window.
fn falls_behind(unit: LoadUnit, data: &TrialData) -> bool {
    let median = Quantile::of(0.5)
        .ok()
        .and_then(|half| data.total.response_slo(half));
    let seconds = median.map_or(f64::INFINITY, |ns| ns.as_ms() / 1_000.0);
    let rate = data.total.planned as f64 / data.window_s().max(1e-9);
    unit == LoadUnit::Rate
        && data.outstanding_at_window_end as f64 > GROWING * rate * seconds + FEW_UNDER_WAY
}

/// What a trial says, and why. `behind` says whether its queue grew beyond what is due. Too few requests
/// to decide a limit are no evidence: neither that the load meets the SLO nor that it misses it.
fn vote(behind: bool, thresholds: &[ThresholdResult], trial: &Trial) -> (LoadVote, Vec<String>) {
    let validity = &trial.validity;
    if validity.word == ValidityWord::Invalid {
        let failed = verdict::reasons(validity);
        let why = failed.map(|check| format!("{}: {}", check.code, check.figure));
        return (LoadVote::Invalid, why.collect());
    }
    let (mut why, mut too_few) = (Vec::new(), Vec::new());
    if let Some(check) = validity.overload() {
        why.push(format!("overloaded: {}", check.figure));
    }
    for one in thresholds.iter().filter(|one| !one.only_warns) {
        match one.word {
            ThresholdWord::Fail => why.push(format!("{}: {}", one.text, one.figure)),
            ThresholdWord::Unknown => {
                too_few.push(format!(
                    "{}: too few requests to tell ({})",
                    one.text, one.figure
                ));
            }
            ThresholdWord::Pass | ThresholdWord::Warn => {}
        }
    }
    let mut checks = validity.checks.iter();
    let grows = checks.find(|check| !check.ok && check.code == CheckCode::Backlog);
    // An overload says the same.
    if let Some(check) = grows.filter(|_| behind && validity.overload().is_none()) {
        why.push(format!("the queue {}", check.figure));
    }
    let vote = if !why.is_empty() {
        LoadVote::Missed
    } else if !too_few.is_empty() {
        LoadVote::Undecided
    } else {
        LoadVote::Met
    };
    why.append(&mut too_few);
    (vote, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::fixture;
    use crate::schema::{Validity, ValidityCheck};

    fn threshold(word: ThresholdWord) -> ThresholdResult {
        ThresholdResult {
            text: "p95 < 1s".into(),
            arm: "x".into(),
            figure: "2.0 s".into(),
            word,
            only_warns: false,
            by_default: false,
        }
    }

    fn trial(word: ValidityWord, broken: Option<CheckCode>) -> Trial {
        let check = |code| ValidityCheck {
            code,
            ok: false,
            figure: "grew by 80".into(),
            limit: String::new(),
            advice: String::new(),
        };
        Trial {
            validity: Validity {
                word,
                checks: broken.map(check).into_iter().collect(),
            },
            ..fixture::trial()
        }
    }

    #[test]
    fn a_trial_meets_the_slo_only_where_all_of_it_holds_and_no_queue_grows() {
        let says = |word, validity, broken, behind| {
            vote(behind, &[threshold(word)], &trial(validity, broken)).0
        };
        use ThresholdWord::{Fail, Pass, Unknown};
        use ValidityWord::{Invalid, Noisy, Valid};
        assert_eq!(says(Pass, Valid, None, false), LoadVote::Met);
        assert_eq!(says(Pass, Noisy, None, false), LoadVote::Met);
        assert_eq!(says(Fail, Valid, None, false), LoadVote::Missed);
        assert_eq!(says(Unknown, Valid, None, false), LoadVote::Undecided);
        assert_eq!(
            says(Unknown, Valid, Some(CheckCode::Overload), false),
            LoadVote::Missed,
            "what is missed for certain decides"
        );
        assert_eq!(
            says(Pass, Valid, Some(CheckCode::Backlog), true),
            LoadVote::Missed
        );
        assert_eq!(
            says(Pass, Valid, Some(CheckCode::Backlog), false),
            LoadVote::Met
        );
        assert_eq!(
            says(Pass, Valid, Some(CheckCode::Overload), false),
            LoadVote::Missed
        );
        assert_eq!(
            says(Fail, Invalid, Some(CheckCode::Lag), false),
            LoadVote::Invalid
        );
    }

    #[test]
    fn the_reason_is_said() {
        let (_, why) = vote(
            true,
            &[threshold(ThresholdWord::Fail)],
            &trial(ValidityWord::Valid, Some(CheckCode::Backlog)),
        );
        assert_eq!(why, ["p95 < 1s: 2.0 s", "the queue grew by 80"]);
        let both = [ThresholdWord::Unknown, ThresholdWord::Fail].map(threshold);
        let (vote, why) = vote(false, &both, &trial(ValidityWord::Valid, None));
        assert_eq!(vote, LoadVote::Missed);
        let too_few = "p95 < 1s: too few requests to tell (2.0 s)";
        assert_eq!(why, ["p95 < 1s: 2.0 s", too_few]);
    }
}
