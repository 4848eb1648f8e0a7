//! The one word of a command, with its headline and its reasons.
//!
//! The first of these that applies is the word:
//!
//! ```text
//! INTERRUPTED   the command was stopped
//! VIOLATED      an audit found a broken invariant: a fact, whatever the clocks were worth
//! INVALID       a trial or a control failed on the generator's side
//! FAILED        a threshold was missed, or an overloaded target ended the load
//! INVALID       an audit was not made, or only in part
//! of an experiment: the decision on its claims, INCONCLUSIVE without a VALID trial
//! MEASURED      no threshold was given
//! INCONCLUSIVE  no trial is VALID, or too few requests say whether a threshold holds
//! PASSED        the thresholds hold
//! ```

use super::{
    audit::audited,
    claims::ClaimDecisions,
    early_end::{overload_ended, stopped},
    judged_thresholds::{missed, of_thresholds, unknown, warned},
    validity::reasons as verdict_reasons,
};
use crate::schema::{Confidence, FaultRecovery, ThresholdResult, Trial, Verdict, VerdictWord};

/// Everything that the word depends on.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// Whether the command was stopped.
    pub interrupted: bool,
    /// Trials that could not be replaced by a valid repetition.
    pub invalid: Vec<&'a Trial>,
    /// Why the command as a whole cannot be trusted, beyond its trials.
    pub invalid_reasons: Vec<String>,
    /// One sentence for each broken invariant.
    pub violations: Vec<String>,
    /// Writes that found no room in a ledger: nothing compares them with the data.
    pub omitted: u64,
    /// One sentence for each trial that an overloaded target ended.
    pub overloads: Vec<String>,
    /// One sentence for each fault that the target did not recover from: no threshold is about it.
    pub not_recovered: Vec<String>,
    /// Every threshold.
    pub thresholds: &'a [ThresholdResult],
    /// The claims of an experiment; absent for a command that makes none.
    pub claims: Option<ClaimDecisions>,
    /// The answer in one line of a command without claims.
    pub headline: String,
    /// Trials by their validity, controls, audits.
    pub confidence: Confidence,
}

/// The verdict on a command.
pub fn judge(findings: Findings<'_>) -> Verdict {
    let doubts = doubts(&findings);
    let mut missed = missed(findings.thresholds);
    missed.extend_from_slice(&findings.overloads);
    let unknown = unknown(findings.thresholds);
    let warned = warned(findings.thresholds);
    let (word, holds) = word_and_why(&findings, &doubts, &missed);
    let mut reasons = Vec::new();
    if findings.interrupted {
        reasons.push(stopped(findings.confidence.trials()));
    }
    reasons.extend(findings.violations);
    reasons.extend(doubts);
    reasons.extend(missed);
    reasons.extend(holds);
    reasons.extend(findings.not_recovered);
    reasons.extend(warned);
    reasons.extend(unknown);
    let (headline, as_expected) = match &findings.claims {
        Some(claims) => {
            reasons.extend(claims.reason(word));
            (claims.headline(), claims.as_expected_beside(word))
        }
        None => (findings.headline, None),
    };
    let audits = findings.confidence.audits;
    reasons.push(audited(audits, word, findings.omitted));
    Verdict {
        word,
        headline,
        confidence: findings.confidence,
        as_expected,
        reasons,
    }
}

/// The word, and why, where no other reason says it.
fn word_and_why(
    findings: &Findings<'_>,
    doubts: &[String],
    missed: &[String],
) -> (VerdictWord, Option<String>) {
    let Confidence { valid, audits, .. } = findings.confidence;
    if findings.interrupted {
        (VerdictWord::Interrupted, None)
    } else if !findings.violations.is_empty() {
        (VerdictWord::Violated, None)
    } else if !doubts.is_empty() {
        (VerdictWord::Invalid, None)
    } else if !missed.is_empty() {
        (VerdictWord::Failed, None)
    } else if audits.missing() > 0 {
        (VerdictWord::Invalid, None)
    } else if let Some(claims) = &findings.claims {
        if valid == 0 {
            let why = "no trial is VALID: the machine was disturbed in each of them";
            (VerdictWord::Inconclusive, Some(why.to_owned()))
        } else {
            (claims.decision().into(), None)
        }
    } else {
        let (word, why) = of_thresholds(findings.thresholds, valid > 0);
        (word, Some(why))
    }
}

/// Why no figure can be trusted.
fn doubts(findings: &Findings<'_>) -> Vec<String> {
    let mut doubts = findings.invalid_reasons.clone();
    for trial in &findings.invalid {
        for check in verdict_reasons(&trial.validity) {
            doubts.push(format!(
                "{} is not valid: {}: {} (limit {}); {}",
                trial.folder, check.code, check.figure, check.limit, check.advice
            ));
        }
    }
    doubts
}

/// One sentence for each of these trials that an overloaded target ended.
pub fn overloads<'a>(trials: impl IntoIterator<Item = &'a Trial>) -> Vec<String> {
    trials
        .into_iter()
        .filter_map(|trial| {
            let check = trial.validity.overload()?;
            Some(format!(
                "{}: {} (limit {}); {}",
                overload_ended(trial),
                check.figure,
                check.limit,
                check.advice
            ))
        })
        .collect()
}

/// One sentence for each fault of a trial that the target did not recover from.
pub fn not_recovered(trial: &Trial) -> Vec<String> {
    let faults = trial.faults.iter();
    faults
        .filter(|one| one.recovery == FaultRecovery::NotRecovered)
        .map(|one| {
            format!(
                "the target did not recover from {} at {:.1} s before the next fault or the end of the window",
                one.fault, one.at_s
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnose::fixture::quiet,
        schema::{AuditCount, FaultResult, ThresholdWord},
    };

    fn threshold(word: ThresholdWord, by_default: bool) -> ThresholdResult {
        ThresholdResult {
            text: "p95 < 1ms".into(),
            arm: "run".into(),
            figure: "7.0 ms".into(),
            word,
            only_warns: false,
            by_default,
        }
    }

    const VALID: Confidence = Confidence {
        valid: 1,
        noisy: 0,
        invalid: 0,
        controls_passed: 0,
        controls_failed: 0,
        controls_not_checked: 0,
        audits: AuditCount {
            expected: 0,
            made: 0,
        },
    };

    /// A verdict on these thresholds with this confidence.
    fn on(thresholds: &[ThresholdResult], confidence: Confidence) -> Verdict {
        judge(Findings {
            thresholds,
            confidence,
            ..Findings::default()
        })
    }

    #[test]
    fn a_fault_that_the_target_did_not_recover_from_is_among_the_reasons_to_pass() {
        let mut trial = quiet().trials.remove(0);
        let fault = |name: &str, recovery| FaultResult {
            fault: name.to_owned(),
            at_s: 5.0,
            for_s: 3.0,
            before_per_s: Some(100.0),
            failed: 0,
            lost: Some(0.0),
            recovery,
        };
        trial.faults = vec![
            fault("redis.down", FaultRecovery::After { seconds: 1.0 }),
            fault("postgres.down", FaultRecovery::NotRecovered),
        ];
        let verdict = judge(Findings {
            thresholds: &[threshold(ThresholdWord::Pass, false)],
            confidence: VALID,
            not_recovered: not_recovered(&trial),
            ..Findings::default()
        });
        assert_eq!(verdict.word, VerdictWord::Passed);
        assert_eq!(
            verdict.reasons[1],
            "the target did not recover from postgres.down at 5.0 s before the next fault or the end of the window"
        );
    }

    #[test]
    fn wrong_data_comes_first_and_what_cannot_be_trusted_before_what_was_found() {
        let thresholds = [threshold(ThresholdWord::Fail, false)];
        let findings = |invalid: bool, violated: bool, interrupted: bool| {
            judge(Findings {
                thresholds: &thresholds,
                invalid_reasons: invalid
                    .then(|| "block 2 stayed invalid".to_owned())
                    .into_iter()
                    .collect(),
                violations: violated
                    .then(|| "arm `run`: invariant 01".to_owned())
                    .into_iter()
                    .collect(),
                interrupted,
                ..Findings::default()
            })
        };
        assert_eq!(findings(false, false, false).word, VerdictWord::Failed);
        assert_eq!(findings(true, false, false).word, VerdictWord::Invalid);
        let verdict = findings(true, true, false);
        assert_eq!(verdict.word, VerdictWord::Violated);
        assert!(verdict.reasons[0].contains("invariant 01"));
        assert_eq!(findings(true, true, true).word, VerdictWord::Interrupted);
    }

    #[test]
    fn only_given_thresholds_in_a_valid_trial_can_pass() {
        let given = [threshold(ThresholdWord::Pass, false)];
        let warned = [threshold(ThresholdWord::Warn, false)];
        let default = [threshold(ThresholdWord::Pass, true)];
        let missed = [threshold(ThresholdWord::Fail, true)];
        let noisy = Confidence {
            valid: 0,
            noisy: 1,
            ..VALID
        };
        assert_eq!(on(&given, VALID).word, VerdictWord::Passed);
        assert_eq!(on(&warned, VALID).word, VerdictWord::Passed);
        assert_eq!(on(&given, noisy).word, VerdictWord::Inconclusive);
        assert_eq!(on(&default, VALID).word, VerdictWord::Measured);
        assert_eq!(on(&missed, VALID).word, VerdictWord::Failed);
        assert!(on(&missed, VALID).reasons[0].contains("(default)"));
    }

    #[test]
    fn a_limit_that_only_warns_is_no_reason_to_pass_where_it_is_missed() {
        let beyond = threshold(ThresholdWord::Warn, false);
        let warning = ThresholdResult {
            only_warns: true,
            ..beyond.clone()
        };
        let alone = on(std::slice::from_ref(&warning), VALID);
        assert_eq!(alone.word, VerdictWord::Measured);
        let said = "`p95 < 1ms` is beyond its limit for `run`, and only warns: 7.0 ms";
        assert!(alone.reasons.iter().any(|one| one == said), "{alone:?}");
        let held = threshold(ThresholdWord::Pass, false);
        let beside = on(&[held, warning, beyond], VALID);
        assert_eq!(beside.word, VerdictWord::Passed);
        let said =
            "2 threshold(s) hold, 1 of them only within the tolerance, and the trial is VALID";
        assert_eq!(beside.reasons[0], said);
        let said = "`p95 < 1ms` is beyond its limit for `run`, within its tolerance: 7.0 ms";
        assert!(beside.reasons.iter().any(|one| one == said), "{beside:?}");
    }

    #[test]
    fn a_threshold_that_cannot_be_decided_leaves_the_run_open_unless_something_failed() {
        let unknown = threshold(ThresholdWord::Unknown, false);
        let warning = ThresholdResult {
            only_warns: true,
            ..unknown.clone()
        };
        let held = threshold(ThresholdWord::Pass, false);
        let missed = threshold(ThresholdWord::Fail, true);
        let word = |thresholds: &[ThresholdResult]| on(thresholds, VALID).word;
        assert_eq!(
            word(std::slice::from_ref(&unknown)),
            VerdictWord::Inconclusive
        );
        assert_eq!(
            word(&[held.clone(), unknown.clone()]),
            VerdictWord::Inconclusive
        );
        assert_eq!(word(&[unknown, missed]), VerdictWord::Failed);
        assert_eq!(word(&[held, warning.clone()]), VerdictWord::Passed);
        let alone = on(&[warning], VALID);
        assert_eq!(alone.word, VerdictWord::Measured);
        assert!(
            alone
                .reasons
                .iter()
                .any(|one| one.starts_with("too few requests"))
        );
    }

    #[test]
    fn a_missing_audit_is_invalid_and_none_at_all_is_said() {
        let given = [threshold(ThresholdWord::Pass, false)];
        let with = |expected, made| {
            on(
                &given,
                Confidence {
                    audits: AuditCount { expected, made },
                    ..VALID
                },
            )
        };
        let all = with(1, 1);
        assert_eq!(all.word, VerdictWord::Passed);
        assert!(
            all.reasons
                .iter()
                .any(|one| one.contains("no invariant is broken"))
        );
        let none = with(0, 0);
        assert_eq!(none.word, VerdictWord::Passed);
        assert!(
            none.reasons
                .iter()
                .any(|one| one.starts_with("not audited"))
        );
        assert!(
            !none
                .reasons
                .iter()
                .any(|one| one.contains("no invariant is broken"))
        );
        assert_eq!(with(2, 1).word, VerdictWord::Invalid);
        let partial = judge(Findings {
            thresholds: &given,
            confidence: Confidence {
                audits: AuditCount {
                    expected: 1,
                    made: 1,
                },
                ..VALID
            },
            omitted: 12,
            ..Findings::default()
        });
        let last = partial.reasons.last().unwrap();
        assert!(last.contains("but 12 write(s) were beyond"), "{last}");
    }

    #[test]
    fn an_experiment_is_what_its_claims_are_decided_to_be() {
        use crate::schema::Decision;
        let of = |decision, confidence| {
            judge(Findings {
                claims: Some(ClaimDecisions::decided("orders.list p97.5", decision)),
                confidence,
                ..Findings::default()
            })
        };
        assert_eq!(of(Decision::Improved, VALID).word, VerdictWord::Improved);
        assert_eq!(
            of(Decision::Inconclusive, VALID).word,
            VerdictWord::Inconclusive
        );
        let none = Confidence {
            valid: 0,
            noisy: 2,
            ..VALID
        };
        assert_eq!(of(Decision::Improved, none).word, VerdictWord::Inconclusive);
    }
}
