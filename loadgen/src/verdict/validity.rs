//! Self-checks of one trial: is this a measurement of the target, or of the generator, or of a
//! machine that had a bad moment?
//!
//! What fails on the generator's side makes the trial INVALID, what fails on the machine's makes
//! it NOISY and worth repeating: stolen time and what came late by it, hiccups, and waits of the
//! generator for a processor up to half of what is measured (beyond that it is INVALID). Checks
//! that tell about the target (`BACKLOG`, `ERRORS`, `CORRECT`, `STATIONARY`), about how much a
//! figure says (`COUNT`), or about a figure beside the response times (`UTIL`) are listed and
//! leave it VALID.

use super::{
    checks::{accounts, answers, course, machine, pacing},
    evidence::Evidence,
};
use crate::schema::Validity;

/// The word of a trial that may be believed.
pub const VALID: &str = "VALID";
/// The word of one that is worth repeating: the machine had a bad moment.
pub const NOISY: &str = "NOISY";
/// The word of one that may not be believed.
pub const INVALID: &str = "INVALID";

/// The generator failed.
const INVALIDATES: [&str; 8] = [
    "HARNESS_BUG",
    "HIST_OVERFLOW",
    "OFFERED",
    "LAG",
    "ARRIVALS",
    "GEN_CPU",
    "LITTLE",
    "NOT_WARM",
];
/// The run ended itself.
const ENDED: &str = "OVERLOAD";
/// The machine failed.
const DISTURBS: [&str; 3] = ["GEN_WAIT", "STEAL", "HICCUP"];

/// Runs every check.
pub fn validity(evidence: &Evidence<'_>) -> Validity {
    let mut checks = vec![
        accounts::conservation(evidence),
        accounts::overflow(evidence),
        accounts::offered(evidence),
        pacing::lag(evidence),
        pacing::arrivals(evidence),
        pacing::cpu(evidence),
        pacing::wait(evidence),
        machine::steal(evidence),
        machine::hiccup(evidence),
        course::warm(evidence),
        accounts::little(evidence),
        accounts::utilization(evidence),
        accounts::overload(evidence),
        course::backlog(evidence),
        course::stationary(evidence),
        answers::count(evidence),
        answers::errors(evidence),
        answers::correct(evidence),
    ];
    // A trial that was stopped did not have its whole window: nothing else is its fault.
    checks.retain(|check| !(evidence.data.interrupted && check.code == "OFFERED"));
    let broken = |codes: &[&str]| {
        checks
            .iter()
            .any(|check| !check.ok && codes.contains(&check.code.as_str()))
    };
    // Where the host of this machine took the processor away, the generator was late without a
    // fault of its own, in either arm alike: worth a repetition, not a refusal.
    let robbed = broken(&[STOLEN]);
    let own_fault = |code: &&&str| !(robbed && LATE.contains(*code));
    let faults: Vec<&str> = INVALIDATES.iter().filter(own_fault).copied().collect();
    let starved = pacing::starved(evidence) && !robbed;
    let word = if broken(&faults) || broken(&[ENDED]) || starved {
        INVALID
    } else if broken(&DISTURBS) {
        NOISY
    } else {
        VALID
    };
    Validity {
        word: word.to_owned(),
        checks,
    }
}

/// The code of processor time that other guests of the host took.
const STOLEN: &str = "STEAL";
/// Codes of a generator that was late, or of a warm-up that was slow, for which stolen time is
/// an excuse.
const LATE: [&str; 4] = ["LAG", "ARRIVALS", "GEN_WAIT", "NOT_WARM"];

/// Codes that did not hold and that the word comes from.
pub fn reasons(validity: &Validity) -> impl Iterator<Item = &crate::schema::ValidityCheck> {
    validity.checks.iter().filter(|check| {
        let code = check.code.as_str();
        !check.ok && (INVALIDATES.contains(&code) || code == ENDED || DISTURBS.contains(&code))
    })
}

#[cfg(test)]
#[path = "validity_tests.rs"]
mod tests;
