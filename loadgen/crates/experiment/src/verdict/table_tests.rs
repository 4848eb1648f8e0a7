//! The table of verdicts in docs/METHOD.md, compared with what `judge` can say.

use std::{collections::BTreeSet, fs, path::Path};

use super::{ClaimDecisions, Expectation, Findings, judge};
use crate::schema::{
    AuditCount, Confidence, Decision, ThresholdResult, ThresholdWord, Verdict, VerdictWord,
};

/// A row of the table: the word, the exit codes, and whether it can come of a run and of an
/// experiment.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct WordRow {
    word: String,
    codes: BTreeSet<u8>,
    run: bool,
    experiment: bool,
}

fn documented() -> Vec<WordRow> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/METHOD.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| word | exit code |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [word, codes, run, experiment] = cells[..] else {
            panic!("not four cells: {line}");
        };
        WordRow {
            word: word.to_owned(),
            codes: codes
                .split(|sign: char| !sign.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect(),
            run: run != "–",
            experiment: experiment != "–",
        }
    })
    .collect()
}

fn threshold(word: ThresholdWord, by_default: bool) -> ThresholdResult {
    ThresholdResult {
        text: "errors < 1%".to_owned(),
        arm: "after".into(),
        figure: "2.000 %".to_owned(),
        word,
        only_warns: false,
        by_default,
    }
}

/// The verdicts on every combination of findings, with these claims.
fn verdicts(claims: Option<&ClaimDecisions>) -> Vec<Verdict> {
    let both = [false, true];
    let mut all = Vec::new();
    for interrupted in both {
        for violated in both {
            for invalid in both {
                for (valid, overloaded) in [(0, false), (1, false), (1, true)] {
                    for made in [0, 1] {
                        for word in [
                            ThresholdWord::Pass,
                            ThresholdWord::Warn,
                            ThresholdWord::Unknown,
                            ThresholdWord::Fail,
                        ] {
                            for by_default in both {
                                let some = |yes: bool| yes.then(|| "x".to_owned()).into_iter();
                                all.push(judge(Findings {
                                    interrupted,
                                    violations: some(violated).collect(),
                                    invalid_reasons: some(invalid).collect(),
                                    overloads: some(overloaded).collect(),
                                    thresholds: &[threshold(word, by_default)],
                                    claims: claims.cloned(),
                                    confidence: Confidence {
                                        valid,
                                        audits: AuditCount { expected: 1, made },
                                        ..Confidence::default()
                                    },
                                    ..Findings::default()
                                }));
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn the_table_of_verdicts_is_what_the_program_can_say() {
    let of_runs = verdicts(None);
    let of_experiments: Vec<Verdict> = Decision::ALL
        .iter()
        .flat_map(|decision| {
            [None, Some(*decision)].into_iter().flat_map(|expected| {
                verdicts(Some(
                    &ClaimDecisions::decided("total p50", *decision).expecting(expected),
                ))
            })
        })
        .collect();
    let mut found: Vec<WordRow> = VerdictWord::ALL
        .iter()
        .map(|word| {
            let is = |verdict: &&Verdict| verdict.word == *word;
            WordRow {
                word: word.to_string(),
                codes: of_runs
                    .iter()
                    .chain(&of_experiments)
                    .filter(is)
                    .map(Verdict::exit_code)
                    .collect(),
                run: of_runs.iter().any(|one| is(&one)),
                experiment: of_experiments.iter().any(|one| is(&one)),
            }
        })
        .collect();
    let mut documented = documented();
    documented.sort();
    found.sort();
    assert_eq!(documented, found);
}

#[test]
fn nothing_without_a_valid_trial_passes() {
    let experiments = Decision::ALL
        .iter()
        .flat_map(|decision| verdicts(Some(&ClaimDecisions::decided("total p50", *decision))));
    for verdict in verdicts(None).into_iter().chain(experiments) {
        let passes = matches!(
            verdict.word,
            VerdictWord::Passed | VerdictWord::Improved | VerdictWord::NoChange
        );
        assert!(!passes || verdict.confidence.valid > 0, "{verdict:?}");
    }
}

#[test]
fn a_claim_is_as_expected_only_where_the_word_rests_on_the_claims_or_on_a_limit() {
    let claims = ClaimDecisions::decided("total p50", Decision::Improved)
        .expecting(Some(Decision::Improved))
        .with_expectation(Some(Expectation {
            found: "expected: improves; found: IMPROVED".to_owned(),
            explained: "; queries fell".to_owned(),
        }));
    for verdict in verdicts(Some(&claims)) {
        let stands = matches!(verdict.word, VerdictWord::Improved | VerdictWord::Failed);
        assert_eq!(verdict.as_expected, stands.then_some(true), "{verdict:?}");
        let came = if stands {
            "as expected".to_owned()
        } else {
            format!("not decided: the experiment is {}", verdict.word)
        };
        let said = format!("expected: improves; found: IMPROVED, {came}; queries fell");
        assert!(verdict.reasons.contains(&said), "{verdict:?}");
    }
}

#[test]
fn an_overloaded_target_fails_whatever_the_thresholds_say() {
    for (invalid, word) in [(false, VerdictWord::Failed), (true, VerdictWord::Invalid)] {
        let why = "run: the target was overloaded".to_owned();
        let verdict = judge(Findings {
            overloads: vec![why.clone()],
            invalid_reasons: invalid.then(|| "late".to_owned()).into_iter().collect(),
            thresholds: &[threshold(ThresholdWord::Pass, false)],
            ..Findings::default()
        });
        assert_eq!(verdict.word, word);
        assert!(verdict.reasons.contains(&why));
    }
}
