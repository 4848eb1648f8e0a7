//! The exit codes of the program. Those of a verdict follow from its word.

use std::fmt::Write as _;

use loadgen_experiment::schema::VerdictWord;

/// Nothing failed: PASSED, MEASURED, IMPROVED or NO CHANGE.
pub const PASSED: u8 = VerdictWord::Passed.exit_code();
/// A fault of this program.
pub const INTERNAL: u8 = 1;
/// Wrong usage, a wrong file, or an unreachable target.
pub const USAGE: u8 = 2;
/// The generator or the machine failed, not the target; the figures are not to be trusted.
pub const INVALID: u8 = VerdictWord::Invalid.exit_code();
/// The data allows no answer.
pub const INCONCLUSIVE: u8 = VerdictWord::Inconclusive.exit_code();
/// The audit found a violated invariant.
pub const VIOLATED: u8 = VerdictWord::Violated.exit_code();
/// A threshold was missed, or a claim got worse.
pub const FAILED: u8 = VerdictWord::Failed.exit_code();
/// Stopped by a signal; the report covers what was measured until then.
pub const INTERRUPTED: u8 = VerdictWord::Interrupted.exit_code();

/// Every code with its meaning.
const MEANINGS: [(u8, &str); 8] = [
    (PASSED, "PASSED, MEASURED, IMPROVED or NO CHANGE"),
    (INTERNAL, "internal error"),
    (USAGE, "wrong usage or file, or target unreachable"),
    (INCONCLUSIVE, "INCONCLUSIVE: the data allows no answer"),
    (
        INVALID,
        "INVALID: the generator or the audit failed, not the target",
    ),
    (VIOLATED, "VIOLATED: the audit found a violated invariant"),
    (
        FAILED,
        "FAILED: a threshold was missed; REGRESSED: a claim got worse, which its file does not expect",
    ),
    (
        INTERRUPTED,
        "INTERRUPTED: the report covers what was measured",
    ),
];

/// The codes as they appear below the help text.
pub fn help() -> String {
    let mut text = "Exit codes:".to_owned();
    for (code, meaning) in MEANINGS {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "\n  {code:>3}  {meaning}");
    }
    text
}

/// The more severe of two codes, for commands that run several experiments: a violated invariant
/// outranks an invalid run, which outranks a failed threshold, which outranks an open question.
pub const fn more_severe(one: u8, other: u8) -> u8 {
    const fn rank(code: u8) -> u8 {
        match code {
            PASSED => 0,
            INCONCLUSIVE => 1,
            FAILED => 2,
            INVALID => 3,
            VIOLATED => 4,
            _ => 5,
        }
    }
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_documentation() {
        let codes: Vec<u8> = MEANINGS.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [0, 1, 2, 96, 97, 98, 99, 130]);
        assert!(help().contains("\n   97  INVALID: "), "{}", help());
    }

    #[test]
    fn a_violated_invariant_outranks_an_invalid_run_and_that_a_failed_threshold() {
        assert_eq!(more_severe(PASSED, INCONCLUSIVE), INCONCLUSIVE);
        assert_eq!(more_severe(INCONCLUSIVE, FAILED), FAILED);
        assert_eq!(more_severe(INVALID, FAILED), INVALID);
        assert_eq!(more_severe(INVALID, VIOLATED), VIOLATED);
        assert_eq!(more_severe(VIOLATED, INTERNAL), INTERNAL);
    }
}
