//! The stored outcome of a command: one word, the answer in one line, how far it can be trusted,
//! and the reasons.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{ValidityWord, VerdictWord};

/// The outcome of a command. Every list, page and report prints the same `word` and `headline`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "StoredVerdict", into = "StoredVerdict")]
pub struct Verdict {
    /// The outcome in one word.
    pub word: VerdictWord,
    /// The answer in one line, printed beside the word: of an experiment each claim with its
    /// decision, factor and interval.
    pub headline: String,
    /// How far the figures can be trusted.
    pub confidence: Confidence,
    /// Whether every claim was decided as the experiment's file expects; absent where it expects
    /// nothing, a claim is not decided, or the word lets no claim stand.
    pub as_expected: Option<bool>,
    /// One line each, most important first.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// A verdict that rests on no trial; figures and confidence are set where there are any.
    pub fn new(word: VerdictWord, reasons: Vec<String>) -> Self {
        Self {
            word,
            reasons,
            ..Self::default()
        }
    }

    /// The process's exit code: that of the word, except that a regression which the experiment's
    /// file expects is no failure.
    pub fn exit_code(&self) -> u8 {
        self.word.exit_code_where(self.as_expected)
    }
}

/// A verdict as it is stored: with its exit code, for scripts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct StoredVerdict {
    /// The outcome in one word.
    word: VerdictWord,
    /// The process's exit code: 0, 96, 97, 98, 99 or 130.
    exit_code: u8,
    /// The answer in one line: of an experiment each claim with its decision, factor and interval.
    headline: String,
    /// How far the figures can be trusted.
    confidence: Confidence,
    /// Whether every claim was decided as the experiment's file expects; absent where it expects
    /// nothing, a claim is not decided, or the word lets no claim stand.
    as_expected: Option<bool>,
    /// One line each, most important first.
    reasons: Vec<String>,
}

impl From<StoredVerdict> for Verdict {
    fn from(stored: StoredVerdict) -> Self {
        Self {
            word: stored.word,
            headline: stored.headline,
            confidence: stored.confidence,
            as_expected: stored.as_expected,
            reasons: stored.reasons,
        }
    }
}

impl From<Verdict> for StoredVerdict {
    fn from(verdict: Verdict) -> Self {
        Self {
            exit_code: verdict.exit_code(),
            word: verdict.word,
            headline: verdict.headline,
            confidence: verdict.confidence,
            as_expected: verdict.as_expected,
            reasons: verdict.reasons,
        }
    }
}

/// How many trials there are of each validity, and what the controls and the audits say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confidence {
    /// Trials whose figures can be trusted.
    pub valid: u32,
    /// Trials during which the machine was disturbed.
    pub noisy: u32,
    /// Trials whose figures cannot be trusted, repetitions included.
    pub invalid: u32,
    /// Controls that came out as they must.
    pub controls_passed: u32,
    /// Controls that did not.
    pub controls_failed: u32,
    /// Controls with too few valid blocks to fail.
    pub controls_not_checked: u32,
    /// Audits of the target's data, over all trials.
    pub audits: AuditCount,
}

impl Confidence {
    /// Counts one trial.
    pub const fn count(&mut self, word: ValidityWord) {
        match word {
            ValidityWord::Valid => self.valid += 1,
            ValidityWord::Noisy => self.noisy += 1,
            ValidityWord::Invalid => self.invalid += 1,
        }
    }

    /// A headline with it in one line; empty where there is none.
    pub fn beside(self, headline: &str) -> String {
        if headline.is_empty() {
            String::new()
        } else {
            format!("{headline}; {self}")
        }
    }

    /// All trials.
    pub const fn trials(self) -> u32 {
        self.valid + self.noisy + self.invalid
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} VALID, {} NOISY, {} INVALID trial(s)",
            self.valid, self.noisy, self.invalid
        )?;
        match (self.controls_passed, self.controls_failed) {
            (0, 0) => {}
            (passed, 0) => write!(f, "; {passed} control(s) passed")?,
            (passed, failed) => {
                write!(f, "; {failed} of {} control(s) failed", passed + failed)?;
            }
        }
        if self.controls_not_checked > 0 {
            write!(f, "; {} control(s) not checked", self.controls_not_checked)?;
        }
        write!(f, "; {}", self.audits)
    }
}

/// How many audits were to be made, and how many were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditCount {
    /// One for each trial that ended, where the target has a control plane; otherwise none.
    pub expected: u32,
    /// Those that looked at every invariant.
    pub made: u32,
}

impl AuditCount {
    /// Adds those of other trials.
    pub const fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.made += other.made;
    }

    /// Those that were to be made and were not, or only in part.
    pub const fn missing(self) -> u32 {
        self.expected.saturating_sub(self.made)
    }
}

impl fmt::Display for AuditCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { expected: 0, .. } => f.write_str("not audited"),
            Self { expected, made } => write!(f, "{made} of {expected} audit(s) made"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expected_regression_is_no_failure_and_any_other_is() {
        let mut verdict = Verdict::new(VerdictWord::Regressed, Vec::new());
        assert_eq!(verdict.exit_code(), 99);
        verdict.as_expected = Some(false);
        assert_eq!(verdict.exit_code(), 99);
        verdict.as_expected = Some(true);
        assert_eq!(verdict.exit_code(), 0);
        let stored = serde_json::to_value(&verdict).unwrap();
        assert_eq!(stored["exit_code"], 0);
        assert_eq!(serde_json::from_value::<Verdict>(stored).unwrap(), verdict);
    }

    #[test]
    fn confidence_counts_trials_controls_and_audits() {
        let mut confidence = Confidence {
            valid: 10,
            noisy: 2,
            invalid: 1,
            ..Confidence::default()
        };
        assert_eq!(
            confidence.to_string(),
            "10 VALID, 2 NOISY, 1 INVALID trial(s); not audited"
        );
        assert_eq!(
            confidence.beside("p95 12.5 ms"),
            format!("p95 12.5 ms; {confidence}")
        );
        assert_eq!(confidence.beside(""), "");
        confidence.controls_passed = 1;
        confidence.controls_failed = 1;
        confidence.audits = AuditCount {
            expected: 12,
            made: 11,
        };
        assert_eq!(confidence.audits.missing(), 1);
        assert!(
            confidence
                .to_string()
                .ends_with("1 of 2 control(s) failed; 11 of 12 audit(s) made")
        );
    }
}
