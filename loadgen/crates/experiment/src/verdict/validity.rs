//! Self-checks of one trial: is this a measurement of the target, or of the generator, or of a
//! machine that had a bad moment?
//!
//! What fails on the generator's side makes the trial INVALID, what fails on the machine's makes
//! it NOISY and worth repeating: stolen time and what came late by it, hiccups, and waits of the
//! generator for a processor up to half of what is measured (beyond that it is INVALID). Checks
//! about the target (`OVERLOAD`, `NOT_WARM`, `BACKLOG`, `ERRORS`, `CORRECT`, `STATIONARY`), about how
//! much a figure says (`COUNT`), or about a figure beside the response times (`UTIL`) are listed and
//! leave it VALID. A run that ended at its limit of requests in flight is VALID only if the generator was
//! in time, whatever delayed it: a late one sends in bursts, and may have caused the overload itself.

use super::{
    checks::{accounts, answers, machine, pacing, stationarity},
    evidence::TrialEvidence,
};
use crate::schema::{CheckCode, Validity, ValidityWord};

/// The generator failed, or what was measured was not what was asked for.
const INVALIDATES: [CheckCode; 10] = [
    CheckCode::HarnessBug,
    CheckCode::GenLimit,
    CheckCode::HistOverflow,
    CheckCode::Offered,
    CheckCode::Lag,
    CheckCode::Arrivals,
    CheckCode::GenCpu,
    CheckCode::Little,
    CheckCode::Profile,
    CheckCode::Workers,
];
/// The machine failed.
const DISTURBS: [CheckCode; 3] = [CheckCode::GenWait, CheckCode::Steal, CheckCode::Hiccup];

/// Runs every check.
pub fn validity(evidence: &TrialEvidence<'_>) -> Validity {
    let mut checks = vec![
        accounts::conservation(evidence),
        accounts::overflow(evidence),
        accounts::offered(evidence),
        accounts::generator_limit(evidence),
        pacing::lag(evidence),
        pacing::arrivals(evidence),
        pacing::cpu(evidence),
        pacing::wait(evidence),
        machine::steal(evidence),
        machine::hiccup(evidence),
        stationarity::warm(evidence),
        accounts::little(evidence),
        accounts::utilization(evidence),
        accounts::overload(evidence),
        stationarity::backlog(evidence),
        stationarity::stationary(evidence),
        answers::count(evidence),
        answers::errors(evidence),
        answers::correct(evidence),
    ];
    checks.extend(evidence.changed.as_deref().map(answers::profile));
    // A trial that was stopped did not have its whole window: nothing else is its fault.
    let ended_early = evidence.data.interrupted || evidence.overloaded;
    checks.retain(|check| !(ended_early && check.code == CheckCode::Offered));
    let broken = |codes: &[CheckCode]| {
        checks
            .iter()
            .any(|check| !check.ok && codes.contains(&check.code))
    };
    // Where the host of this machine took the processor away, the generator was late without a
    // fault of its own, in either arm alike: worth a repetition, not a refusal.
    let time_stolen = broken(&[STOLEN]);
    let own_fault = |code: &&CheckCode| !(time_stolen && LATE.contains(code));
    let faults: Vec<CheckCode> = INVALIDATES.iter().filter(own_fault).copied().collect();
    let starved = pacing::starved(evidence) && !time_stolen;
    let caused = evidence.overloaded && broken(&LATE);
    let word = if broken(&faults) || starved || caused {
        ValidityWord::Invalid
    } else if broken(&DISTURBS) {
        ValidityWord::Noisy
    } else {
        ValidityWord::Valid
    };
    Validity { word, checks }
}

/// The code of processor time that other guests of the host took.
const STOLEN: CheckCode = CheckCode::Steal;
/// Codes of a generator that was late, for which stolen time is an excuse.
const LATE: [CheckCode; 3] = [CheckCode::Lag, CheckCode::Arrivals, CheckCode::GenWait];

/// Codes that did not hold and that the word comes from.
pub fn reasons(validity: &Validity) -> impl Iterator<Item = &crate::schema::ValidityCheck> {
    let checks = validity.checks.iter();
    checks.filter(|check| !check.ok && is_reason(check.code))
}

/// Whether the word may come from this check.
pub(super) fn is_reason(code: CheckCode) -> bool {
    INVALIDATES.contains(&code) || DISTURBS.contains(&code)
}

/// What a check that does not hold makes of a trial that ended with this word; `None` of one that leaves
/// every trial VALID.
pub fn consequence(code: CheckCode, trial: ValidityWord) -> Option<ValidityWord> {
    match code {
        CheckCode::Steal | CheckCode::Hiccup => Some(ValidityWord::Noisy),
        code => is_reason(code).then_some(trial),
    }
}

#[cfg(test)]
#[path = "validity_tests.rs"]
mod tests;
