//! The exit codes, for scripts and pipelines. Those of verdicts follow from the verdict's word.

use crate::schema::VerdictWord;

/// Measured, valid, and every threshold met.
pub const PASSED: u8 = VerdictWord::Passed.exit_code();
/// A fault of this program.
pub const INTERNAL: u8 = 1;
/// Bad usage, a bad file, a target that is not there.
pub const USAGE: u8 = 2;
/// The generator or the machine failed, not the target: no figure can be trusted.
pub const INVALID: u8 = VerdictWord::Invalid.exit_code();
/// An audit found a broken invariant.
pub const VIOLATED: u8 = VerdictWord::Violated.exit_code();
/// A threshold was missed.
pub const FAILED: u8 = VerdictWord::Failed.exit_code();
/// Stopped by a signal; what was measured until then is in the report.
pub const INTERRUPTED: u8 = VerdictWord::Interrupted.exit_code();

/// Every code with what it means, for the help text.
pub const ALL: [(u8, &str); 7] = [
    (PASSED, "passed"),
    (INTERNAL, "internal error"),
    (USAGE, "bad usage or file, or the target is not there"),
    (
        INVALID,
        "INVALID: the generator or the machine failed, not the target",
    ),
    (VIOLATED, "the audit found a broken invariant"),
    (FAILED, "a threshold was missed"),
    (
        INTERRUPTED,
        "interrupted, with a report of what was measured",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_documentation() {
        let codes: Vec<u8> = ALL.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [0, 1, 2, 97, 98, 99, 130]);
    }
}
