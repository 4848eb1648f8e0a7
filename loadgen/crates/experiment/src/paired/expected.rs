//! What an experiment's author expected, and whether it came.

use std::fmt::Write as _;

use super::file::Experiment;
use crate::{
    schema::{Effect, MetricId, MetricUnit},
    verdict::{ClaimDecisions, Expectation},
};

/// What was expected against what was found, and the figure that should explain it; `None` where
/// nothing was expected or nothing was measured. Whether it came is what the verdict says of all `claims`.
pub fn expectation(
    experiment: &Experiment,
    effects: &[Effect],
    claims: &ClaimDecisions,
) -> Option<Expectation> {
    let (expected, claim) = (experiment.expected?, experiment.primary.first()?);
    let find = |id: &MetricId| effects.iter().find(|effect| effect.metric == *id);
    let found = find(claim)?.decision;
    let mut sentence = format!("expected: {claim} {expected}; found: {found}");
    let mut explained = String::new();
    let all = claims.decision();
    if all != found {
        // Writing to a String cannot fail.
        let _infallible = write!(sentence, ", and {all} with the other claims");
    }
    let why = experiment.why.as_ref().filter(|why| *why != claim);
    if let Some((name, effect)) = why.and_then(|name| Some((name, find(name)?)))
        && let (Some(before), Some(after)) = (effect.before, effect.after)
    {
        let unit = if effect.unit == MetricUnit::Number {
            ""
        } else {
            " "
        };
        let _infallible = write!(
            explained,
            "; {name} went from {before:.3}{unit}{0} to {after:.3}{unit}{0}",
            effect.unit
        );
    }
    Some(Expectation {
        found: sentence,
        explained,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::{Direction, file};
    use crate::schema::Decision;
    use crate::system::Shop;

    const TEXT: &str = "name: x\nexpected: improves\nwhy: pool wait\nbefore: { profile: after }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 1/s, duration: 2s }\nflows: [ { flow: session.open } ]\n";

    fn effect(metric: &str, decision: Decision) -> Effect {
        Effect {
            before: Some(2.0),
            after: Some(0.5),
            decision,
            ..Effect::unknown(metric.parse().unwrap())
        }
    }

    /// The sentence where the claims of an experiment that expects an improvement come out like
    /// this, and whether its verdict says that they came as expected.
    fn said(decisions: &[Decision]) -> (Option<String>, Option<bool>) {
        const CLAIMS: [&str; 3] = ["total p50", "total p97.5", "total success"];
        let mut experiment = file::parse(TEXT, "x.yaml", &Shop).unwrap();
        experiment.primary = CLAIMS.map(|one| one.parse::<MetricId>().unwrap()).into();
        experiment.primary.truncate(decisions.len().max(1));
        let claimed = CLAIMS.iter().zip(decisions);
        let effects: Vec<Effect> = claimed
            .map(|(metric, decision)| effect(metric, *decision))
            .chain([effect("pool wait", Decision::Improved)])
            .collect();
        let expected = experiment.expected.map(Direction::decision);
        let claims = ClaimDecisions::of(&experiment.primary, &effects, expected);
        let expectation = expectation(&experiment, &effects, &claims);
        let claims = claims.with_expectation(expectation);
        (
            claims.reason(claims.decision().into()),
            claims.as_expected(),
        )
    }

    #[test]
    fn what_came_is_compared_with_what_was_expected_and_explained() {
        let (sentence, _) = said(&[Decision::Improved]);
        assert_eq!(
            sentence.unwrap(),
            "expected: total p50 improves; found: IMPROVED, as expected; pool wait went from 2.000 ms to 0.500 ms"
        );
        assert_eq!(said(&[]), (None, None));
    }

    #[test]
    fn the_sentence_and_the_verdict_say_the_same_of_every_pair_of_claims() {
        use Decision::{Improved, Inconclusive, Invalid, NoChange, Regressed};
        for (claims, found, as_expected) in [
            (&[Improved][..], "IMPROVED, as expected", Some(true)),
            (&[NoChange], "NO_CHANGE, not as expected", Some(false)),
            (&[Regressed], "REGRESSED, not as expected", Some(false)),
            (&[Inconclusive], "INCONCLUSIVE, not decided", None),
            (&[Invalid], "INVALID, not decided", None),
            (&[Improved, Improved], "IMPROVED, as expected", Some(true)),
            (&[Improved, NoChange], "IMPROVED, as expected", Some(true)),
            (
                &[Improved, Regressed],
                "IMPROVED, and REGRESSED with the other claims, not as expected",
                Some(false),
            ),
            (
                &[Improved, NoChange, Inconclusive],
                "IMPROVED, and INCONCLUSIVE with the other claims, not decided",
                None,
            ),
            (
                &[NoChange, Improved],
                "NO_CHANGE, and IMPROVED with the other claims, not as expected",
                Some(false),
            ),
            (&[Inconclusive, Improved], "INCONCLUSIVE, not decided", None),
            (
                &[Inconclusive, Regressed],
                "INCONCLUSIVE, and REGRESSED with the other claims, not as expected",
                Some(false),
            ),
        ] {
            let (sentence, verdict) = said(claims);
            let sentence = sentence.unwrap();
            let whole = format!("found: {found}; pool wait went");
            assert!(sentence.contains(&whole), "{claims:?}: {sentence}");
            assert_eq!(verdict, as_expected, "{claims:?}");
        }
    }

    #[test]
    fn another_word_is_refused_with_its_line() {
        let wrong = TEXT.replace("improves", "better");
        let error = file::parse(&wrong, "x.yaml", &Shop)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("x.yaml:2:11: `better`"), "{error}");
    }
}
