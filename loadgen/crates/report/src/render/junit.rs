//! `junit.xml`: one case a threshold, a self-check of a trial, an invariant of an arm, so that
//! any pipeline shows what did not hold. Names are the same from run to run: they hold no figure.
//! Figures, limits and the verdict are properties.

use crate::render::tone::Tone;
use loadgen_experiment::schema::ThresholdWord;
use loadgen_experiment::schema::ValidityWord;
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::render::evidence::{Audit, TrialChecks};
use crate::render::figures::ABSENT;
use crate::render::model::ReportPage;
use crate::render::thresholds::ThresholdRow;
use loadgen_experiment::schema::Summary;
use loadgen_experiment::verdict::consequence;

/// The percentiles of a row, in its order.
const PERCENTILES: [&str; 5] = ["p50", "p95", "p97_5", "p99", "max"];

/// The whole test report as XML.
pub fn junit(summary: &Summary) -> Result<String, SerializeError> {
    of_page(&ReportPage::of(summary), summary)
}

fn of_page(page: &ReportPage, summary: &Summary) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("loadgen {} {}", page.kind, page.name));
    report.set_timestamp(summary.started_at);
    report.add_test_suites([
        outcome(page, summary),
        figures(page),
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
fn outcome(page: &ReportPage, summary: &Summary) -> TestSuite {
    let mut suite = TestSuite::new("verdict");
    suite
        .add_property(("verdict", page.verdict.word.as_str()))
        .add_property(("exit_code", page.verdict.exit_code.to_string().as_str()))
        .add_property(("kind", page.kind))
        .add_property(("name", page.name.as_str()))
        .add_property(("interrupted", summary.interrupted.to_string().as_str()))
        .add_property(("took_s", summary.took_s.to_string().as_str()));
    let reasons = page.verdict.reasons.join("\n");
    let message = page.verdict.reasons.first().map_or("", String::as_str);
    let status = match page.verdict.tone {
        _ if page.verdict.exit_code == 0 => TestCaseStatus::success(),
        Tone::Bad => not_held(
            NonSuccessKind::Failure,
            page.verdict.word.as_str(),
            message,
            &reasons,
        ),
        _ => not_held(
            NonSuccessKind::Error,
            page.verdict.word.as_str(),
            message,
            &reasons,
        ),
    };
    let mut case = TestCase::new(page.name.clone(), status);
    case.set_classname("verdict");
    suite.add_test_case(case);
    suite
}

/// No cases: the figures of every report as properties, `operations.ARM.NAME.WHAT` and
/// `areas.AREA.METRIC.ARM`, for who keeps or charts them.
fn figures(page: &ReportPage) -> TestSuite {
    let mut suite = TestSuite::new("figures");
    for arm in &page.operations {
        for row in &arm.rows {
            let mut add = |what: &str, figure: &str| {
                let name = format!("operations.{}.{}.{what}", arm.arm, row.name);
                suite.add_property((name.as_str(), figure));
            };
            add("count", &row.count);
            add("rate", &row.rate);
            add("errors", &row.errors);
            for (name, (response, service)) in PERCENTILES
                .iter()
                .zip(row.response.iter().zip(&row.service))
            {
                add(&format!("response_{name}_ms"), response);
                add(&format!("service_{name}_ms"), service);
            }
        }
    }
    let arms: Vec<&str> = page.operations.iter().map(|arm| arm.arm.as_str()).collect();
    for area in &page.areas {
        for row in area.rows.iter().filter(|row| !row.detail) {
            let mut add = |what: &str, figure: &str| {
                let name = format!("areas.{}.{}.{what}", area.name, row.metric);
                suite.add_property((name.as_str(), figure));
            };
            match arms.as_slice() {
                [before, after] => {
                    add(before, &row.before);
                    add(after, &row.after);
                    add("change", &row.change);
                    add("interval", &row.interval);
                }
                [only] => add(only, &row.before),
                _ => {}
            }
        }
    }
    suite
}

/// One case a threshold; a warning passes and says so, one that cannot be decided is skipped.
fn thresholds(thresholds: &[ThresholdRow]) -> TestSuite {
    let mut suite = TestSuite::new("thresholds");
    for one in thresholds {
        let found = format!("found {}, wants {}", one.figure, one.text);
        let status = match one.word {
            ThresholdWord::Fail => not_held(NonSuccessKind::Failure, "FAIL", &found, ""),
            ThresholdWord::Unknown => {
                let mut skipped = TestCaseStatus::skipped();
                skipped.set_message(format!("too few requests decide it: {found}"));
                skipped
            }
            ThresholdWord::Pass | ThresholdWord::Warn => TestCaseStatus::success(),
        };
        let mut case = TestCase::new(one.text.clone(), status);
        case.set_classname(format!("thresholds.{}", one.arm));
        case.add_property(("figure", one.figure.as_str()))
            .add_property(("limit", one.text.as_str()))
            .add_property(("result", one.word.as_str()));
        if one.word == ThresholdWord::Warn {
            case.set_system_out(format!("WARN: {found}"));
        }
        suite.add_test_case(case);
    }
    suite
}

/// One case a self-check; one that makes its trial unbelievable is an error of the harness.
fn validity(trials: &[TrialChecks]) -> TestSuite {
    let mut suite = TestSuite::new("validity");
    for trial in trials {
        for check in &trial.checks {
            let message = format!("{}, wants {}", check.figure, check.limit);
            let makes = consequence(check.code, trial.word);
            let failed = !check.ok && makes == Some(ValidityWord::Invalid);
            let status = if failed {
                not_held(
                    NonSuccessKind::Error,
                    ValidityWord::Invalid.as_str(),
                    &message,
                    &check.advice,
                )
            } else {
                TestCaseStatus::success()
            };
            let mut case = TestCase::new(check.code.as_str(), status);
            case.set_classname(format!("validity.{}", trial.trial));
            case.add_property(("figure", check.figure.as_str()))
                .add_property(("limit", check.limit.as_str()));
            if !check.ok && !failed {
                let word = makes.map_or("WARNING", ValidityWord::as_str);
                case.set_system_out(format!("{word}: {message}"));
            }
            suite.add_test_case(case);
        }
    }
    suite
}

/// One case an invariant and arm; one that nobody looked at to the end is skipped.
fn invariants(audit: &Audit) -> TestSuite {
    let mut suite = TestSuite::new("invariants");
    for (index, arm) in audit.arms.iter().enumerate() {
        for (number, name, statement, violations) in &audit.invariants {
            let broken = audit
                .broken
                .iter()
                .find(|one| one.number == *number && one.arm == *arm);
            let unseen = if violations[index] == ABSENT {
                "not looked at"
            } else {
                audit.doubts[index].as_str()
            };
            let held = || {
                if unseen.is_empty() {
                    return TestCaseStatus::success();
                }
                let mut skipped = TestCaseStatus::skipped();
                skipped.set_message(unseen);
                skipped
            };
            let status = broken.map_or_else(held, |broken| {
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
            case.add_property(("violations", violations[index].as_str()));
            suite.add_test_case(case);
        }
    }
    suite
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{CheckCode, ValidityCheck};

    #[test]
    fn a_violation_is_a_failure_of_its_invariant() {
        let summary = fixture::experiment(true);
        let mut page = ReportPage::of(&summary);
        // The cases of two trials stand for those of all.
        page.validity.truncate(2);
        insta::assert_snapshot!(of_page(&page, &summary).unwrap());
    }

    #[test]
    fn the_names_of_cases_do_not_depend_on_figures() {
        let names = |summary: &Summary| -> Vec<String> {
            let xml = junit(summary).unwrap();
            let cases = xml.lines().filter(|line| line.contains("<testcase "));
            cases
                .map(|line| line.trim().trim_end_matches(['/', '>']).to_owned())
                .collect()
        };
        let passed = names(&fixture::experiment(false));
        let violated = names(&fixture::experiment(true));
        assert!(passed.len() > 100, "{passed:?}");
        assert_eq!(passed, violated);
        let mut distinct = passed.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), passed.len(), "two cases have one name");
    }

    #[test]
    fn a_threshold_that_cannot_be_decided_is_skipped_and_says_why() {
        let mut summary = fixture::run();
        summary.thresholds.truncate(1);
        summary.thresholds[0].word = ThresholdWord::Unknown;
        summary.thresholds[0].figure = "–  n=24 (needs 200)".to_owned();
        let xml = junit(&summary).unwrap();
        let why = "<skipped message=\"too few requests decide it: found –  n=24 (needs 200)";
        assert!(xml.contains(why), "{xml}");
    }

    #[test]
    fn an_invariant_that_nobody_looked_at_to_the_end_is_skipped_and_says_why() {
        let skipped = |change: &dyn Fn(&mut Summary)| {
            let mut summary = fixture::experiment(false);
            change(&mut summary);
            let xml = junit(&summary).unwrap();
            let found: Vec<String> = xml
                .lines()
                .filter_map(|line| line.trim().strip_prefix("<skipped message=\""))
                .map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
                .collect();
            (found, summary.arms[1].audit.len())
        };
        assert!(skipped(&|_| {}).0.is_empty());
        let (missing, all) = skipped(&|one| {
            let audits = &mut one.arms[1].audits;
            (audits.expected, audits.made) = (8, 7);
        });
        assert_eq!(missing, vec!["1 of 8 audits not made"; all]);
        let (omitted, all) = skipped(&|one| one.arms[1].consistency.omitted = 7);
        assert_eq!(omitted, vec!["7 writes compared with nothing"; all]);
        let (absent, _) = skipped(&|one| {
            one.arms[1].audit.pop();
        });
        assert_eq!(absent, ["not looked at"]);
        // What is broken is, however little was looked at.
        let mut summary = fixture::experiment(true);
        summary.arms[1].audits.made = 0;
        let xml = junit(&summary).unwrap();
        assert!(xml.contains("type=\"VIOLATED\""), "{xml}");
    }

    #[test]
    fn a_check_that_leaves_its_trial_valid_is_no_error_beside_one_that_does_not() {
        let mut summary = fixture::run();
        let trial = &mut summary.trials[0].validity;
        trial.word = ValidityWord::Invalid;
        let checks = [CheckCode::Lag, CheckCode::Count];
        trial.checks = checks
            .map(|code| ValidityCheck {
                code,
                ok: false,
                figure: "3".to_owned(),
                limit: "2".to_owned(),
                advice: String::new(),
            })
            .into();
        let xml = junit(&summary).unwrap();
        assert_eq!(xml.matches("type=\"INVALID\"").count(), 1, "{xml}");
        assert!(xml.contains("WARNING: 3, wants 2"), "{xml}");
    }

    #[test]
    fn a_threshold_that_fails_is_a_failure_of_its_own() {
        insta::assert_snapshot!(junit(&fixture::run()).unwrap());
    }
}
