//! What one trial says of its load.

use super::{outcome::KeptTrial, plan::CapacityPlan};
use crate::{
    schema::{
        CheckCode, LoadTrial, LoadUnit, LoadVote, Percentile, ThresholdResult, ThresholdWord,
        Trial, TrialPurpose, ValidityWord,
    },
    system::Application,
    trial::{Measured, TrialOutcome},
    verdict,
};

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
    let (vote, why) = vote(plan.unit, &thresholds, &outcome.trial);
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
            response.map(|ns| ns.as_ms()),
        ),
        success: trial.total.success,
        validity: trial.validity.word,
    };
    KeptTrial {
        step,
        thresholds,
        audit: outcome.audit.clone(),
        trial: trial.clone(),
    }
}

/// What a trial says, and why. A load whose percentile cannot be decided is not known to meet the SLO.
fn vote(unit: LoadUnit, thresholds: &[ThresholdResult], trial: &Trial) -> (LoadVote, Vec<String>) {
    let validity = &trial.validity;
    if validity.word == ValidityWord::Invalid {
        let failed = verdict::reasons(validity);
        let why = failed.map(|check| format!("{}: {}", check.code, check.figure));
        return (LoadVote::Invalid, why.collect());
    }
    let mut why = Vec::new();
    if let Some(check) = validity.overload() {
        why.push(format!("overloaded: {}", check.figure));
    }
    for one in thresholds.iter().filter(|one| !one.only_warns) {
        match one.word {
            ThresholdWord::Fail => why.push(format!("{}: {}", one.text, one.figure)),
            ThresholdWord::Unknown => {
                why.push(format!(
                    "{}: too few requests to tell ({})",
                    one.text, one.figure
                ));
            }
            ThresholdWord::Pass | ThresholdWord::Warn => {}
        }
    }
    let grows = |code| code == CheckCode::Backlog && unit == LoadUnit::Rate;
    let behind = validity
        .checks
        .iter()
        .find(|check| !check.ok && grows(check.code));
    // An overload says the same.
    if let Some(check) = behind.filter(|_| validity.overload().is_none()) {
        why.push(format!("the queue {}", check.figure));
    }
    let vote = if why.is_empty() {
        LoadVote::Met
    } else {
        LoadVote::Missed
    };
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
        let says = |word, validity, broken, unit| {
            vote(unit, &[threshold(word)], &trial(validity, broken)).0
        };
        use LoadUnit::{Rate, Users};
        use ThresholdWord::{Fail, Pass, Unknown};
        use ValidityWord::{Invalid, Noisy, Valid};
        assert_eq!(says(Pass, Valid, None, Rate), LoadVote::Met);
        assert_eq!(says(Pass, Noisy, None, Rate), LoadVote::Met);
        assert_eq!(says(Fail, Valid, None, Rate), LoadVote::Missed);
        assert_eq!(says(Unknown, Valid, None, Rate), LoadVote::Missed);
        assert_eq!(
            says(Pass, Valid, Some(CheckCode::Backlog), Rate),
            LoadVote::Missed
        );
        assert_eq!(
            says(Pass, Valid, Some(CheckCode::Backlog), Users),
            LoadVote::Met
        );
        assert_eq!(
            says(Pass, Valid, Some(CheckCode::Overload), Rate),
            LoadVote::Missed
        );
        assert_eq!(
            says(Fail, Invalid, Some(CheckCode::Lag), Rate),
            LoadVote::Invalid
        );
    }

    #[test]
    fn the_reason_is_said() {
        let (_, why) = vote(
            LoadUnit::Rate,
            &[threshold(ThresholdWord::Fail)],
            &trial(ValidityWord::Valid, Some(CheckCode::Backlog)),
        );
        assert_eq!(why, ["p95 < 1s: 2.0 s", "the queue grew by 80"]);
    }
}
