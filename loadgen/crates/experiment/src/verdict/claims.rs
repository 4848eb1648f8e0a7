//! The claims of an experiment as one decision, one headline and one sentence.
//!
//! Several claims are decided as [`Decision::of_all`] says: an improvement elsewhere never hides a
//! regression, and an open claim keeps the experiment open.

use crate::{
    metric::{MetricId, differences, factors},
    schema::{Decision, Effect, VerdictWord},
};

/// What was decided about the metrics of an experiment's claims.
#[derive(Debug, Clone, Default)]
pub struct ClaimDecisions {
    claims: Vec<Claim>,
    expected: Option<Decision>,
    /// What the file expected against what was found.
    expectation: Option<Expectation>,
}

/// What an experiment's file expected and what was found, in the two parts of a sentence: whether it came stands
/// between them, and depends on the word of the verdict as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// `expected: total p50 improves; found: IMPROVED`.
    pub found: String,
    /// The figure that should explain it, after a semicolon; empty where none is named.
    pub explained: String,
}

#[derive(Debug, Clone)]
struct Claim {
    metric: MetricId,
    decision: Decision,
    /// Factor and interval, or the figures of both arms.
    found: String,
}

impl ClaimDecisions {
    /// The claims on these metrics, from the effects of the pairs, and what is expected of the first.
    /// One without a figure in both arms is not decided.
    pub fn of(primary: &[MetricId], effects: &[Effect], expected: Option<Decision>) -> Self {
        let claim = |metric: &MetricId| {
            let effect = effects.iter().find(|effect| effect.metric == *metric);
            Claim {
                metric: metric.clone(),
                decision: effect.map_or(Decision::Inconclusive, |effect| effect.decision),
                found: effect.map_or_else(|| "no figure".to_owned(), found),
            }
        };
        Self {
            claims: primary.iter().map(claim).collect(),
            expected,
            expectation: None,
        }
    }

    /// The same with what was expected and found, which the verdict gives as a reason.
    #[must_use]
    pub fn with_expectation(self, expectation: Option<Expectation>) -> Self {
        Self {
            expectation,
            ..self
        }
    }

    /// One claim with this decision.
    #[cfg(test)]
    pub(super) fn decided(metric: &str, decision: Decision) -> Self {
        Self {
            claims: vec![Claim {
                metric: metric.parse().expect("the name of a metric"),
                decision,
                found: "0.500x".to_owned(),
            }],
            ..Self::default()
        }
    }

    /// The same with this decision expected.
    #[cfg(test)]
    pub(super) fn expecting(self, expected: Option<Decision>) -> Self {
        Self { expected, ..self }
    }

    /// The decision on all of them; without any there is nothing to decide.
    pub fn decision(&self) -> Decision {
        Decision::of_all(self.claims.iter().map(|one| one.decision))
    }

    /// Each claim with its decision, factor and interval.
    pub fn headline(&self) -> String {
        let claims: Vec<String> = self
            .claims
            .iter()
            .map(|one| format!("{} {} {}", one.metric, one.decision.label(), one.found))
            .collect();
        claims.join("; ")
    }

    /// Whether the decision is the expected one; absent where nothing was expected or decided.
    /// What is expected, is expected of the first claim: no other one may stand for it.
    pub fn as_expected(&self) -> Option<bool> {
        let (decision, expected) = (self.decision(), self.expected?);
        let first = self.claims.first().map(|claim| claim.decision);
        decision
            .is_decided()
            .then_some(expected == decision && first == Some(expected))
    }

    /// The same beside the word of the experiment: absent also where that lets no claim stand.
    pub(super) fn as_expected_beside(&self, word: VerdictWord) -> Option<bool> {
        self.as_expected().filter(|_| word.lets_claims_stand())
    }

    /// What was expected, what was found, and whether it came, beside the word of the experiment.
    pub(crate) fn reason(&self, word: VerdictWord) -> Option<String> {
        let Expectation { found, explained } = self.expectation.as_ref()?;
        let came = match (self.as_expected(), self.as_expected_beside(word)) {
            (_, Some(true)) => ", as expected".to_owned(),
            (_, Some(false)) => ", not as expected".to_owned(),
            (None, None) => ", not decided".to_owned(),
            (Some(_), None) => format!(", not decided: the experiment is {word}"),
        };
        Some(format!("{found}{came}{explained}"))
    }
}

/// The change; beside a difference, and where no change was estimated, the figures themselves.
fn found(effect: &Effect) -> String {
    let change = change(effect);
    if effect.bound.is_some() || effect.ratio.is_some() {
        return change.unwrap_or_default();
    }
    let side = |figure: Option<f64>| {
        figure.map_or_else(
            || "no figure".to_owned(),
            |figure| {
                format!("{} {}", digits(figure), effect.unit)
                    .trim()
                    .to_owned()
            },
        )
    };
    let figures = format!("{} -> {}", side(effect.before), side(effect.after));
    match change {
        Some(change) => format!("{figures}, {change}"),
        None => figures,
    }
}

/// What is said of the change. An estimate that is not clear reads as one that is, so its interval stands
/// alone; and one whose arms' medians point the other way is marked, because they stand beside it.
fn change(effect: &Effect) -> Option<String> {
    let change = effect.change()?;
    if effect.bound.is_some() {
        return Some(change);
    }
    let interval = match effect.ratio {
        Some(_) => effect
            .interval
            .map(|(low, high)| (factors(low, high), low > 1.0 || high < 1.0)),
        None => effect.difference.and_then(|found| {
            let (low, high) = found.interval?;
            let text = differences(low, high, effect.unit);
            Some((text, low > 0.0 || high < 0.0))
        }),
    };
    let excludes_no_change = interval.as_ref().is_some_and(|(_, excludes)| *excludes);
    if !effect.decision.is_decided() && !excludes_no_change {
        return Some(match interval {
            Some((interval, _)) => format!("no clear change {interval}"),
            None if effect.level.is_none() => "too few pairs".to_owned(),
            None => "no clear change, no interval".to_owned(),
        });
    }
    let estimate = match (effect.ratio, effect.difference) {
        (Some(ratio), _) => ratio - 1.0,
        (None, found) => found.map_or(0.0, |found| found.estimate),
    };
    let medians = effect.before.zip(effect.after);
    let apart = medians.is_some_and(|(before, after)| (after - before) * estimate < 0.0);
    Some(if apart {
        format!("{change} by pairs")
    } else {
        change
    })
}

/// Three significant digits, at least two decimals below ten; none has none.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().max(1e-9).log10().floor() as i32;
    let decimals = usize::try_from((2 - magnitude).clamp(0, 6)).unwrap_or(0);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{EffectDifference, MetricUnit, RatioBound};

    fn effect(metric: &str, decision: Decision, ratio: Option<f64>) -> Effect {
        Effect {
            primary: true,
            before: Some(81.25),
            ratio,
            interval: ratio.map(|ratio| (ratio * 0.9, ratio * 1.1)),
            decision,
            ..Effect::unknown(metric.parse().unwrap())
        }
    }

    fn of(decisions: &[Decision], expected: Option<Decision>) -> ClaimDecisions {
        let effects: Vec<Effect> = decisions
            .iter()
            .enumerate()
            .map(|(n, decision)| effect(&format!("m{n}.list p50"), *decision, Some(0.5)))
            .collect();
        let claims: Vec<MetricId> = effects.iter().map(|one| one.metric.clone()).collect();
        ClaimDecisions::of(&claims, &effects, expected)
    }

    /// The headline of the one claim with this effect.
    fn headline_of(effect: Effect) -> String {
        let claim = [effect.metric.clone()];
        ClaimDecisions::of(&claim, &[effect], None).headline()
    }

    #[test]
    fn a_figure_has_three_significant_digits_and_none_is_written_as_0() {
        for (value, text) in [
            (0.0, "0"),
            (0.012_34, "0.0123"),
            (5.0, "5.00"),
            (83.49, "83.5"),
        ] {
            assert_eq!(digits(value), text);
        }
    }

    #[test]
    fn an_improvement_hides_no_regression_and_an_open_claim_keeps_the_experiment_open() {
        use Decision::{Improved, Inconclusive, Invalid, NoChange, Regressed};
        for (claims, word) in [
            (vec![Improved], Improved),
            (vec![Improved, NoChange], Improved),
            (vec![Improved, Inconclusive], Inconclusive),
            (vec![Improved, Regressed, Inconclusive], Regressed),
            (vec![Regressed, Invalid], Invalid),
            (vec![NoChange, NoChange], NoChange),
            (vec![], Inconclusive),
        ] {
            assert_eq!(of(&claims, None).decision(), word, "{claims:?}");
        }
    }

    #[test]
    fn a_headline_has_the_factor_the_bound_or_the_difference_of_each_claim() {
        let headline = |bound, difference, ratio| {
            let mut one = effect("total p50", Decision::Improved, ratio);
            (one.bound, one.difference) = (bound, difference);
            one.unit = MetricUnit::Percent;
            headline_of(one)
        };
        let factor = headline(None, None, Some(0.5));
        assert_eq!(factor, "total p50 IMPROVED 0.50x [0.45x, 0.55x]");
        let bound = headline(Some(RatioBound::AtMost(0.25)), None, None);
        assert_eq!(bound, "total p50 IMPROVED <= 0.25x");
        let difference = |estimate, interval| {
            let found = EffectDifference { estimate, interval };
            headline(None, Some(found), None)
        };
        assert_eq!(
            difference(3.1, Some((1.2, 5.04))),
            "total p50 IMPROVED 81.2 % -> no figure, +3.1 pp [+1.2 pp, +5.0 pp]"
        );
        assert_eq!(
            difference(0.0, Some((0.0, 0.0))),
            "total p50 IMPROVED 81.2 % -> no figure"
        );
    }

    #[test]
    fn an_unclear_change_has_its_interval_alone_and_medians_that_contradict_are_told() {
        let headline = |decision, ratio: f64, interval, after| {
            let mut one = effect("total p50", decision, Some(ratio));
            (one.interval, one.after) = (interval, Some(after));
            headline_of(one)
        };
        let open = Decision::Inconclusive;
        assert_eq!(
            headline(open, 0.96, Some((0.73, 1.14)), 82.0),
            "total p50 INCONCLUSIVE no clear change [0.73x, 1.14x]"
        );
        assert_eq!(
            headline(open, 1.04, None, 80.0),
            "total p50 INCONCLUSIVE too few pairs"
        );
        // Several claims need more of each than an interval without 1.
        assert_eq!(
            headline(open, 0.80, Some((0.70, 0.99)), 70.0),
            "total p50 INCONCLUSIVE 0.80x [0.70x, 0.99x]"
        );
        assert_eq!(
            headline(Decision::Improved, 0.80, Some((0.70, 0.90)), 82.0),
            "total p50 IMPROVED 0.80x [0.70x, 0.90x] by pairs"
        );
        assert_eq!(
            headline(Decision::NoChange, 0.99, Some((0.98, 1.01)), 80.0),
            "total p50 NO CHANGE 0.99x [0.98x, 1.01x]"
        );
        let mut share = effect("total success", open, None);
        (share.unit, share.after) = (MetricUnit::Percent, Some(81.8));
        share.difference = Some(EffectDifference {
            estimate: 0.5,
            interval: Some((-0.5, 1.5)),
        });
        assert_eq!(
            headline_of(share),
            "total success INCONCLUSIVE 81.2 % -> 81.8 %, no clear change [−0.50 pp, +1.5 pp]"
        );
    }

    #[test]
    fn what_was_expected_is_compared_with_the_decision_on_all_claims() {
        use Decision::{Improved, Inconclusive, Regressed};
        assert_eq!(of(&[Improved], None).as_expected(), None);
        assert_eq!(of(&[Improved], Some(Improved)).as_expected(), Some(true));
        assert_eq!(
            of(&[Improved, Regressed], Some(Regressed)).as_expected(),
            Some(false),
            "of the first claim the opposite was found"
        );
        assert_eq!(
            of(&[Improved, Regressed], Some(Improved)).as_expected(),
            Some(false)
        );
        assert_eq!(of(&[Inconclusive], Some(Improved)).as_expected(), None);
    }

    #[test]
    fn the_headline_has_each_claim_with_its_factor_and_interval() {
        let claims =
            ["a.list p95", "a.open p50", "x p50"].map(|one| one.parse::<MetricId>().unwrap());
        let effects = [
            effect("a.list p95", Decision::Improved, Some(0.0139)),
            effect("a.open p50", Decision::NoChange, None),
        ];
        assert_eq!(
            ClaimDecisions::of(&claims, &effects, None).headline(),
            "a.list p95 IMPROVED 0.014x [0.013x, 0.015x]; a.open p50 NO CHANGE 81.2 ms -> no figure; x p50 INCONCLUSIVE no figure"
        );
        assert_eq!(digits(1.0), "1.00");
        assert_eq!(digits(123.4), "123");
    }
}
