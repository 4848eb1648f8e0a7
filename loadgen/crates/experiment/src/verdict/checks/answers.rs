//! What the target's answers say. None of these makes a trial invalid: they are the verdict on
//! the target, or on how much a figure says.

use crate::{
    metric::percent,
    schema::{CheckCode, ValidityCheck},
    verdict::evidence::{TrialEvidence, check, share},
};
use loadgen_engine::sample::Outcome;

/// Values beyond a percentile for it to mean something at all.
const INDICATIVE: f64 = 10.0;
/// Values beyond a percentile for it to be sure.
const SURE: f64 = 100.0;
/// The percentiles that a report publishes.
const PUBLISHED: [(&str, f64); 4] = [
    ("p95", 0.95),
    ("p97.5", 0.975),
    ("p99", 0.99),
    ("p99.9", 0.999),
];

/// Enough requests for the percentile that is the headline.
pub(in crate::verdict) fn count(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let planned = evidence.data.total.planned;
    let beyond = |share: f64| planned as f64 * (1.0 - share);
    // Rounding must not take from ten exactly.
    let reaches = |share: f64, least: f64| beyond(share) >= least - 1e-6;
    let highest = |least: f64| {
        PUBLISHED
            .iter()
            .filter(|(_, share)| reaches(*share, least))
            .map(|(name, _)| *name)
            .next_back()
    };
    let figure = match (highest(SURE), highest(INDICATIVE)) {
        (Some(sure), Some(some)) if sure != some => {
            format!("{planned} requests: sure up to {sure}, indicative up to {some}")
        }
        (Some(sure), _) => format!("{planned} requests: sure up to {sure}"),
        (None, Some(some)) => format!("{planned} requests: indicative up to {some}"),
        (None, None) => format!("{planned} requests: too few even for p95"),
    };
    check(
        CheckCode::Count,
        reaches(0.95, INDICATIVE),
        figure,
        format!("{INDICATIVE:.0} beyond p95 to speak of it, {SURE:.0} to be sure"),
        "measure for longer: the highest percentiles of so few requests are single requests",
    )
}

/// The target answered nearly all.
pub(in crate::verdict) fn errors(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let total = &evidence.data.total;
    let failed = if total.planned == 0 {
        0.0
    } else {
        share(total.failures(), total.planned)
    };
    check(
        CheckCode::Errors,
        failed <= evidence.error_limit,
        format!(
            "{} of {} ({})",
            total.failures(),
            total.planned,
            percent(failed, 2)
        ),
        format!("<= {}", percent(evidence.error_limit, 2)),
        "the target fails more requests than the suite allows: the report lists why requests failed",
    )
}

/// What was answered was right.
pub(in crate::verdict) fn correct(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let wrong = evidence.data.total.count(Outcome::BodyMismatch);
    check(
        CheckCode::Correct,
        wrong == 0,
        format!("{wrong} answers were not what the flow expects"),
        "0".to_owned(),
        "the target answers wrongly under load: a fast wrong answer is no improvement",
    )
}

/// Some instance ran on another configuration at the end of the trial.
pub(in crate::verdict) fn profile(why: &str) -> ValidityCheck {
    check(
        CheckCode::Profile,
        false,
        why.to_owned(),
        "the requested configuration, in every instance".to_owned(),
        "the profile was changed during the trial, or an instance was started with another one: repeat the trial without other clients of the lab",
    )
}
