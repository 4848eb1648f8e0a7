//! `junit.xml`: one case a threshold, a self-check of a trial, an invariant of an arm, so that
//! any pipeline shows what did not hold.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::report::evidence::{Audit, TrialChecks};
use crate::report::model::{Page, Threshold};
use crate::schema::Summary;

/// The whole test report as XML.
pub fn junit(summary: &Summary) -> Result<String, SerializeError> {
    let page = Page::of(summary);
    let mut report = Report::new(format!("loadgen {} {}", page.kind, page.name));
    report.set_timestamp(summary.started_at);
    report.add_test_suites([
        outcome(&page),
        thresholds(&page.thresholds),
        validity(&page.validity),
        invariants(&page.audit),
    ]);
    report.to_string()
}

/// A case that did not hold.
fn not_held(kind: NonSuccessKind, word: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(message);
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

/// The verdict itself: a run that could not judge is an error, not a failure.
fn outcome(page: &Page) -> TestSuite {
    let mut suite = TestSuite::new("verdict");
    let reasons = page.verdict.reasons.join("\n");
    let message = page.verdict.reasons.first().map_or("", String::as_str);
    let status = match page.verdict.tone {
        "good" => TestCaseStatus::success(),
        "bad" => not_held(
            NonSuccessKind::Failure,
            &page.verdict.word,
            message,
            &reasons,
        ),
        _ => not_held(NonSuccessKind::Error, &page.verdict.word, message, &reasons),
    };
    let mut case = TestCase::new(page.name.clone(), status);
    case.set_classname("verdict");
    suite.add_test_case(case);
    suite
}

/// One case a threshold; a warning passes and says so.
fn thresholds(thresholds: &[Threshold]) -> TestSuite {
    let mut suite = TestSuite::new("thresholds");
    for one in thresholds {
        let found = format!("found {}", one.figure);
        let status = if one.word == "FAIL" {
            not_held(NonSuccessKind::Failure, "FAIL", &found, "")
        } else {
            TestCaseStatus::success()
        };
        let mut case = TestCase::new(one.text.clone(), status);
        case.set_classname(format!("thresholds.{}", one.arm));
        if one.word == "WARN" {
            case.set_system_out(format!("WARN: {found}"));
        }
        suite.add_test_case(case);
    }
    suite
}

/// One case a self-check; one that makes a trial unbelievable is an error of the harness.
fn validity(trials: &[TrialChecks]) -> TestSuite {
    let mut suite = TestSuite::new("validity");
    for trial in trials {
        for check in &trial.checks {
            let message = format!("{}, wants {}", check.figure, check.limit);
            let failed = !check.ok && trial.word == "INVALID";
            let status = if failed {
                not_held(NonSuccessKind::Error, &trial.word, &message, &check.advice)
            } else {
                TestCaseStatus::success()
            };
            let mut case = TestCase::new(check.code.clone(), status);
            case.set_classname(format!("validity.{}", trial.trial));
            if !check.ok && !failed {
                case.set_system_out(format!("{}: {message}", trial.word));
            }
            suite.add_test_case(case);
        }
    }
    suite
}

/// One case an invariant and arm.
fn invariants(audit: &Audit) -> TestSuite {
    let mut suite = TestSuite::new("invariants");
    for (index, arm) in audit.arms.iter().enumerate() {
        for (number, name, statement, violations) in &audit.invariants {
            let broken = audit
                .broken
                .iter()
                .find(|one| one.number == *number && one.arm == *arm);
            let status = broken.map_or_else(TestCaseStatus::success, |broken| {
                let message = format!("{} rows break: {statement}", violations[index]);
                not_held(
                    NonSuccessKind::Failure,
                    "VIOLATED",
                    &message,
                    &broken.rows.join("\n"),
                )
            });
            let mut case = TestCase::new(format!("{number:02} {name}"), status);
            case.set_classname(format!("invariants.{arm}"));
            suite.add_test_case(case);
        }
    }
    suite
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_violation_is_a_failure_of_its_invariant() {
        insta::assert_snapshot!(junit(&fixture::experiment(true)).unwrap());
    }

    #[test]
    fn a_threshold_that_fails_is_a_failure_of_its_own() {
        insta::assert_snapshot!(junit(&fixture::run()).unwrap());
    }
}
