//! What an experiment's author expected, and whether it came.

use std::fmt::Write as _;

use super::file::Experiment;
use crate::schema::{Effect, MetricId, MetricUnit};

/// What was expected against what was found, and the figure that should explain it, in one
/// sentence; `None` where nothing was expected or nothing was measured.
pub fn expectation(experiment: &Experiment, effects: &[Effect]) -> Option<String> {
    let (expected, claim) = (experiment.expected?, experiment.primary.first()?);
    let find = |id: &MetricId| effects.iter().find(|effect| effect.metric == *id);
    let found = find(claim)?;
    let outcome = match found.decision {
        decision if decision == expected.decision() => "as expected",
        decision if decision.is_decided() => "not as expected",
        _ => "not decided",
    };
    let mut sentence = format!(
        "expected: {claim} {expected}; found: {}, {outcome}",
        found.decision
    );
    let why = experiment.why.as_ref().filter(|why| *why != claim);
    if let Some((name, effect)) = why.and_then(|name| Some((name, find(name)?)))
        && let (Some(before), Some(after)) = (effect.before, effect.after)
    {
        let unit = if effect.unit == MetricUnit::Number {
            ""
        } else {
            " "
        };
        // Writing to a String cannot fail.
        let _infallible = write!(
            sentence,
            "; {name} went from {before:.3}{unit}{0} to {after:.3}{unit}{0}",
            effect.unit
        );
    }
    Some(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::file;
    use crate::schema::Decision;
    use crate::system::Shop;

    const TEXT: &str = "name: x\nexpected: improves\nwhy: pool wait\nbefore: { profile: after }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 1/s, duration: 2s }\nflows: [ { flow: session.open } ]\n";

    fn effect(metric: &str, decision: Decision) -> Effect {
        Effect {
            metric: metric.parse().unwrap(),
            primary: false,
            unit: crate::schema::MetricUnit::Milliseconds,
            kind: crate::schema::MetricKind::Latency,
            before: Some(2.0),
            after: Some(0.5),
            ratio: None,
            interval: None,
            level: None,
            bound: None,
            difference: None,
            p: None,
            block_ratios: Vec::new(),
            decision,
            sentence: String::new(),
            smallest: None,
        }
    }

    #[test]
    fn what_came_is_compared_with_what_was_expected_and_explained() {
        let experiment = file::parse(TEXT, "x.yaml", &Shop).unwrap();
        let sentence = |decision| {
            let effects = [
                effect("total p50", decision),
                effect("pool wait", Decision::Improved),
            ];
            expectation(&experiment, &effects).unwrap()
        };
        assert_eq!(
            sentence(Decision::Improved),
            "expected: total p50 improves; found: IMPROVED, as expected; pool wait went from 2.000 ms to 0.500 ms"
        );
        assert!(sentence(Decision::NoChange).contains("not as expected"));
        assert!(sentence(Decision::Inconclusive).contains("not decided"));
        assert_eq!(expectation(&experiment, &[]), None);
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
