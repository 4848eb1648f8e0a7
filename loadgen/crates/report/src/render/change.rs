//! What changed between two figures: a factor, after over before, or a difference where there is no
//! factor, with its interval or bound. The colour comes from the decision of the experiment alone;
//! without a decision there is none.

use crate::render::figures;
use crate::render::metric::{Figure, Unit};
use crate::render::tone::Tone;
use loadgen_experiment::metric::{difference, differences};
use loadgen_experiment::schema::{
    Decision, Effect, EffectDifference, MetricKind, MetricUnit, RatioBound,
};

/// What a change is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeStanding {
    /// The experiment decided that it is better or worse.
    Moved,
    /// The experiment found none that matters, or could not tell.
    Unclear,
    /// It was not tested: it is the quotient of two figures.
    Untested,
}

/// A change in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MetricChange {
    /// `0.72x`, `+3.1 pp`, `from 0 to 3.2`, `no clear change`, `now within timeout`, `–`.
    pub(super) text: String,
    /// `[0.65x, 0.80x]`, `[+1.2 pp, +5.0 pp]`, `<= 0.25x`; empty where none was estimated.
    pub(super) interval: String,
    /// `better`, `worse`, `no change`, `undecided`; empty where nothing was tested.
    pub(super) decision: &'static str,
    /// Its colour.
    pub(super) tone: Tone,
    /// What it is worth.
    pub(super) standing: ChangeStanding,
}

impl MetricChange {
    /// The change that an experiment estimated and decided.
    pub(super) fn decided(effect: &Effect, before: Figure, after: Figure, unit: Unit) -> Self {
        let interval = ChangeInterval::of(effect);
        let excludes = interval.map(ChangeInterval::excludes_no_change);
        // A decision that its own interval contradicts is no decision.
        let decision = match effect.decision {
            Decision::Improved | Decision::Regressed if excludes == Some(false) => {
                Decision::Inconclusive
            }
            decision => decision,
        };
        let (text, by_pairs) = match decision {
            Decision::NoChange => ("no change".to_owned(), false),
            Decision::Improved | Decision::Regressed => estimate(effect, before, after, unit),
            Decision::Inconclusive if excludes == Some(true) => {
                estimate(effect, before, after, unit)
            }
            Decision::Inconclusive | Decision::Invalid => {
                // Without the pairs for an interval nothing is known of the change, however far the figures
                // are apart.
                let unclear = match effect.level {
                    Some(_) => "no clear change",
                    None => "too few pairs",
                };
                let words = beyond(before, after).unwrap_or(unclear);
                (words.to_owned(), false)
            }
        };
        Self {
            text: if by_pairs {
                format!("{text} by pairs")
            } else {
                text
            },
            interval: interval.map_or_else(String::new, |some| some.text(effect.unit)),
            decision: match decision {
                Decision::Improved => "better",
                Decision::Regressed => "worse",
                Decision::NoChange => "no change",
                Decision::Inconclusive => "undecided",
                Decision::Invalid => "invalid",
            },
            tone: Tone::from(decision),
            standing: match decision {
                Decision::Improved | Decision::Regressed => ChangeStanding::Moved,
                _ => ChangeStanding::Unclear,
            },
        }
    }

    /// The quotient of two figures that were not tested.
    pub(super) fn untested(before: Figure, after: Figure, unit: Unit) -> Self {
        let text = match (before, after) {
            (Figure::Value(before), Figure::Value(after))
                if before.to_bits() == after.to_bits() =>
            {
                "same".to_owned()
            }
            (Figure::Value(before), Figure::Value(after)) if before > 0.0 && after >= 0.0 => {
                figures::factor(after / before)
            }
            _ => beyond(before, after)
                .map(str::to_owned)
                .or_else(|| from_zero(before, after, unit))
                .unwrap_or_else(|| figures::ABSENT.to_owned()),
        };
        Self {
            text,
            interval: String::new(),
            decision: "",
            tone: Tone::Plain,
            standing: ChangeStanding::Untested,
        }
    }
}

/// The estimate of a change, and whether the figures beside it point the other way: they are
/// medians of each arm alone, the estimate comes from the pairs.
fn estimate(effect: &Effect, before: Figure, after: Figure, unit: Unit) -> (String, bool) {
    if let Some(words) = beyond(before, after) {
        return (words.to_owned(), false);
    }
    let apart = |change: f64| {
        let medians = before.value().zip(after.value());
        medians.is_some_and(|(before, after)| (after - before) * change < 0.0)
    };
    let usable = |ratio: &f64| ratio.is_finite() && *ratio >= 0.0;
    match (effect.ratio.filter(usable), effect.difference) {
        (Some(ratio), _) => (figures::factor(ratio), apart(ratio - 1.0)),
        (None, Some(found)) => match from_zero(before, after, unit) {
            Some(words) if unit != Unit::Share => (words, false),
            _ => (
                difference(found.estimate, effect.unit),
                apart(found.estimate),
            ),
        },
        (None, None) => {
            let words = from_zero(before, after, unit);
            (words.unwrap_or_else(|| figures::ABSENT.to_owned()), false)
        }
    }
}

/// What a change from nothing is: it has no factor.
fn from_zero(before: Figure, after: Figure, unit: Unit) -> Option<String> {
    match (before, after) {
        (Figure::Value(before), Figure::Value(after)) if before == 0.0 && after != 0.0 => {
            let [from, to] = [before, after].map(|value| Figure::Value(value).text(unit));
            Some(format!("from {from} to {to}"))
        }
        _ => None,
    }
}

/// What is known of a change besides its estimate.
#[derive(Debug, Clone, Copy)]
enum ChangeInterval {
    /// Of the factor.
    Factor(f64, f64),
    /// One end of it, where figures beyond the timeout leave the other one open.
    Bound(RatioBound),
    /// Of the difference.
    Difference(f64, f64),
}

impl ChangeInterval {
    fn of(effect: &Effect) -> Option<Self> {
        let factor = effect.interval.filter(|(low, high)| drawable(*low, *high));
        let seen = effect.difference.filter(EffectDifference::is_seen);
        let difference = seen.and_then(|found| found.interval);
        factor
            .map(|(low, high)| Self::Factor(low, high))
            .or_else(|| effect.bound.map(Self::Bound))
            .or_else(|| difference.map(|(low, high)| Self::Difference(low, high)))
    }

    /// Whether no change lies outside of it.
    fn excludes_no_change(self) -> bool {
        match self {
            Self::Factor(low, high) => low > 1.0 || high < 1.0,
            Self::Bound(RatioBound::AtMost(most)) => most < 1.0,
            Self::Bound(RatioBound::AtLeast(least)) => least > 1.0,
            Self::Difference(low, high) => low > 0.0 || high < 0.0,
        }
    }

    fn text(self, unit: MetricUnit) -> String {
        match self {
            Self::Factor(low, high) => figures::factors(low, high),
            Self::Bound(bound) => bound.to_string(),
            Self::Difference(low, high) => differences(low, high, unit),
        }
    }
}

/// Words where a percentile lies beyond the timeout.
fn beyond(before: Figure, after: Figure) -> Option<&'static str> {
    match (before, after) {
        (Figure::Beyond, Figure::Beyond) => Some("both beyond timeout"),
        (Figure::Beyond, Figure::Value(_)) => Some("now within timeout"),
        (Figure::Value(_), Figure::Beyond) => Some("now beyond timeout"),
        _ => None,
    }
}

/// Whether both ends of an interval of factors are usable.
pub(super) fn drawable(low: f64, high: f64) -> bool {
    low > 0.0 && high.is_finite() && low <= high
}

/// Which way is better on the axis of after over before; less, where neither is.
pub(super) fn less_is_better(kind: MetricKind) -> bool {
    kind.less_is_better().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn effect(decision: Decision, ratio: Option<f64>, interval: Option<(f64, f64)>) -> Effect {
        let mut effect = fixture::experiment(false).effects.remove(0);
        effect.kind = MetricKind::Latency;
        (effect.decision, effect.ratio, effect.interval) = (decision, ratio, interval);
        effect
    }

    fn of(effect: &Effect, before: f64, after: f64) -> MetricChange {
        MetricChange::decided(
            effect,
            Figure::Value(before),
            Figure::Value(after),
            Unit::Ms,
        )
    }

    #[test]
    fn the_colour_comes_from_the_decision_alone() {
        let interval = Some((0.65, 0.8));
        for (decision, tone, word) in [
            (Decision::Improved, Tone::Good, "better"),
            (Decision::Regressed, Tone::Bad, "worse"),
            (Decision::NoChange, Tone::Plain, "no change"),
            (Decision::Inconclusive, Tone::Plain, "undecided"),
            (Decision::Invalid, Tone::Warn, "invalid"),
        ] {
            let change = of(&effect(decision, Some(0.72), interval), 10.0, 7.2);
            assert_eq!((change.tone, change.decision), (tone, word));
            assert_eq!(change.interval, "[0.65x, 0.80x]");
        }
        let untested = MetricChange::untested(Figure::Value(1.0), Figure::Value(1_240.0), Unit::Ms);
        assert_eq!(untested.tone, Tone::Plain);
    }

    #[test]
    fn an_interval_that_holds_one_is_grey_and_has_no_estimate() {
        for decision in [
            Decision::Improved,
            Decision::Regressed,
            Decision::Inconclusive,
        ] {
            let change = of(
                &effect(decision, Some(0.95), Some((0.87, 2.16))),
                1.49,
                1.58,
            );
            assert_eq!(change.text, "no clear change");
            assert_eq!(change.interval, "[0.87x, 2.16x]");
            assert_eq!((change.tone, change.decision), (Tone::Plain, "undecided"));
        }
    }

    #[test]
    fn a_change_that_too_few_pairs_have_figures_for_is_not_called_unclear() {
        let mut few = effect(Decision::Inconclusive, Some(0.03), None);
        few.level = None;
        let change = of(&few, 48.2, 1.29);
        assert_eq!(
            (change.text.as_str(), change.interval.as_str()),
            ("too few pairs", "")
        );
    }

    #[test]
    fn an_estimate_that_the_figures_beside_it_contradict_says_where_it_comes_from() {
        let improved = effect(Decision::Improved, Some(0.9), Some((0.85, 0.95)));
        assert_eq!(of(&improved, 10.0, 9.0).text, "0.90x");
        assert_eq!(of(&improved, 10.0, 10.4).text, "0.90x by pairs");
    }

    #[test]
    fn a_share_changes_in_points_with_their_interval() {
        let mut lost = effect(Decision::Regressed, None, None);
        (lost.kind, lost.unit) = (MetricKind::Loss, MetricUnit::Percent);
        lost.difference = Some(EffectDifference {
            estimate: 3.1,
            interval: Some((1.2, 5.04)),
        });
        let change = |effect: &Effect| {
            MetricChange::decided(
                effect,
                Figure::Value(0.0),
                Figure::Value(0.031),
                Unit::Share,
            )
        };
        let found = change(&lost);
        assert_eq!((found.text.as_str(), found.tone), ("+3.1 pp", Tone::Bad));
        assert_eq!(found.interval, "[+1.2 pp, +5.0 pp]");
        lost.difference.as_mut().unwrap().interval = Some((-0.2, 5.04));
        let found = change(&lost);
        assert_eq!(found.text, "no clear change");
        assert_eq!((found.decision, found.tone), ("undecided", Tone::Plain));
        assert_eq!(found.interval, "[−0.20 pp, +5.0 pp]");
        lost.decision = Decision::Inconclusive;
        lost.difference = Some(EffectDifference {
            estimate: 0.0,
            interval: Some((0.0, 0.0)),
        });
        let found = change(&lost);
        assert_eq!(found.interval, "", "no failure was seen in either arm");
    }

    #[test]
    fn a_change_from_nothing_says_so() {
        let mut more = effect(Decision::Regressed, None, None);
        (more.kind, more.unit) = (MetricKind::Count, MetricUnit::Number);
        let (none, some) = (Figure::Value(0.0), Figure::Value(3.2));
        let found = MetricChange::decided(&more, none, some, Unit::Number);
        assert_eq!(
            (found.text.as_str(), found.decision),
            ("from 0 to 3.20", "worse")
        );
        more.difference = Some(EffectDifference {
            estimate: 3.1,
            interval: Some((2.9, 3.4)),
        });
        let found = MetricChange::decided(&more, none, some, Unit::Number);
        assert_eq!(found.text, "from 0 to 3.20");
        assert_eq!(found.interval, "[+2.9, +3.4]");
        let found = MetricChange::decided(&more, Figure::Value(0.1), some, Unit::Number);
        assert_eq!(found.text, "+3.1");
        let untested = MetricChange::untested(none, some, Unit::Number);
        assert_eq!(untested.text, "from 0 to 3.20");
        let same = MetricChange::untested(none, none, Unit::Number);
        assert_eq!(same.text, "same");
    }

    #[test]
    fn an_interval_with_an_open_end_shows_the_other_one() {
        let mut faster = effect(Decision::Improved, None, None);
        faster.bound = Some(RatioBound::AtMost(0.25));
        let within = Figure::Value(12.0);
        let found = MetricChange::decided(&faster, Figure::Beyond, within, Unit::Ms);
        assert_eq!(found.text, "now within timeout");
        assert_eq!(
            (found.interval.as_str(), found.tone),
            ("<= 0.25x", Tone::Good)
        );
        faster.ratio = Some(0.125);
        assert_eq!(of(&faster, 96.0, 12.0).text, "0.12x");
        faster.bound = Some(RatioBound::AtMost(1.5));
        assert_eq!(of(&faster, 96.0, 12.0).decision, "undecided");
    }
}
