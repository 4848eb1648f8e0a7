//! The one word of a command, and its exit code.
//!
//! Wrong data comes first: a broken invariant is a fact, whatever the clocks were worth. Then
//! what cannot be believed, then what was found: VIOLATED, INVALID, FAILED, PASSED. A command
//! that was stopped says INTERRUPTED, and lists what it had found.

use super::validity::reasons as verdict_reasons;
use crate::schema::{ThresholdResult, ThresholdWord, Trial, Verdict, VerdictWord};

/// Everything that the word depends on.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// Whether the command was stopped.
    pub interrupted: bool,
    /// Trials that could not be replaced by a valid repetition.
    pub invalid: Vec<&'a Trial>,
    /// Why the command as a whole may not be believed, beyond its trials.
    pub invalid_reasons: Vec<String>,
    /// One sentence for each broken invariant.
    pub violations: Vec<String>,
    /// Every threshold.
    pub thresholds: &'a [ThresholdResult],
    /// Trials that count.
    pub valid_trials: usize,
}

/// The verdict on a command: the worst of what was found decides.
pub fn judge(findings: &Findings<'_>) -> Verdict {
    let mut doubts: Vec<String> = findings.invalid_reasons.clone();
    for trial in &findings.invalid {
        for check in verdict_reasons(&trial.validity) {
            doubts.push(format!(
                "{} is not valid: {}: {} (limit {}); {}",
                trial.folder, check.code, check.figure, check.limit, check.advice
            ));
        }
    }
    let invalid = !doubts.is_empty();
    let mut reasons = findings.violations.clone();
    reasons.extend(doubts);
    let failed: Vec<String> = findings
        .thresholds
        .iter()
        .filter(|one| one.word == ThresholdWord::Fail)
        .map(|one| {
            format!(
                "`{}` does not hold for `{}`: {}",
                one.text, one.arm, one.figure
            )
        })
        .collect();
    let any_failed = !failed.is_empty();
    reasons.extend(failed);
    let word = if findings.interrupted {
        reasons.insert(
            0,
            format!(
                "stopped before the planned end: {} trial(s) were measured",
                findings.valid_trials
            ),
        );
        VerdictWord::Interrupted
    } else if !findings.violations.is_empty() {
        VerdictWord::Violated
    } else if invalid {
        VerdictWord::Invalid
    } else if any_failed {
        VerdictWord::Failed
    } else {
        reasons.push(match findings.thresholds.len() {
            0 => "no trial is invalid and no invariant is broken".to_owned(),
            n => format!("no trial is invalid, no invariant is broken, and {n} threshold(s) were held against the figures"),
        });
        VerdictWord::Passed
    };
    Verdict { word, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Vec<ThresholdResult> {
        vec![ThresholdResult {
            text: "p95 < 1ms".into(),
            arm: "run".into(),
            figure: "7.0 ms".into(),
            word: ThresholdWord::Fail,
        }]
    }

    #[test]
    fn wrong_data_comes_first_and_what_cannot_be_believed_before_what_was_found() {
        let thresholds = failed();
        let mut findings = Findings {
            thresholds: &thresholds,
            ..Findings::default()
        };
        assert_eq!(judge(&findings).word, VerdictWord::Failed);
        findings
            .invalid_reasons
            .push("block 2 stayed invalid".into());
        let verdict = judge(&findings);
        assert_eq!(verdict.word, VerdictWord::Invalid);
        findings.violations.push("arm `run`: invariant 01".into());
        let verdict = judge(&findings);
        assert_eq!(verdict.word, VerdictWord::Violated);
        assert!(verdict.reasons[0].contains("invariant 01"));
        assert_eq!(verdict.reasons.len(), 3);
        findings.interrupted = true;
        assert_eq!(judge(&findings).word, VerdictWord::Interrupted);
    }

    #[test]
    fn a_warning_does_not_fail_and_a_pass_says_why() {
        let mut thresholds = failed();
        thresholds[0].word = ThresholdWord::Warn;
        let verdict = judge(&Findings {
            thresholds: &thresholds,
            ..Findings::default()
        });
        assert_eq!(verdict.word, VerdictWord::Passed);
        assert!(!verdict.reasons.is_empty());
    }
}
