//! What changed between two figures: a factor, after over before, with its interval. The colour
//! comes from the decision of the experiment alone; without a decision there is none.

use crate::render::figures;
use crate::render::metric::Figure;
use crate::render::tone::Tone;
use loadgen_experiment::schema::{Decision, Effect, MetricKind};

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
    /// `0.72x`, `no clear change`, `now within timeout`, `–`.
    pub(super) text: String,
    /// `[0.65x, 0.80x]`; empty where there is none.
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
    pub(super) fn decided(effect: &Effect, before: Figure, after: Figure) -> Self {
        let bounds = effect.interval.filter(|(low, high)| drawable(*low, *high));
        let holds_one = bounds.is_some_and(|(low, high)| low <= 1.0 && high >= 1.0);
        // A decision that its own interval contradicts is no decision.
        let decision = match effect.decision {
            Decision::Improved | Decision::Regressed if holds_one => Decision::Inconclusive,
            decision => decision,
        };
        let (text, by_pairs) = match decision {
            Decision::NoChange => ("no change".to_owned(), false),
            Decision::Improved | Decision::Regressed => estimate(effect, before, after),
            Decision::Inconclusive if bounds.is_some() && !holds_one => {
                estimate(effect, before, after)
            }
            Decision::Inconclusive | Decision::Invalid => {
                let words = beyond(before, after).unwrap_or("no clear change");
                (words.to_owned(), false)
            }
        };
        Self {
            text: if by_pairs {
                format!("{text} by pairs")
            } else {
                text
            },
            interval: bounds.map_or_else(String::new, |(low, high)| figures::factors(low, high)),
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
    pub(super) fn untested(before: Figure, after: Figure) -> Self {
        let text = match (before, after) {
            (Figure::Value(before), Figure::Value(after))
                if before.to_bits() == after.to_bits() =>
            {
                "same".to_owned()
            }
            (Figure::Value(before), Figure::Value(after)) if before > 0.0 && after >= 0.0 => {
                figures::factor(after / before)
            }
            _ => beyond(before, after).unwrap_or(figures::ABSENT).to_owned(),
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
fn estimate(effect: &Effect, before: Figure, after: Figure) -> (String, bool) {
    if let Some(words) = beyond(before, after) {
        return (words.to_owned(), false);
    }
    let (before, after) = (before.value(), after.value());
    match effect
        .ratio
        .filter(|ratio| ratio.is_finite() && *ratio >= 0.0)
    {
        Some(ratio) => {
            let apart = before
                .zip(after)
                .is_some_and(|(before, after)| (after - before) * (ratio - 1.0) < 0.0);
            (figures::factor(ratio), apart)
        }
        None => match before.zip(after) {
            Some((before, after)) if effect.kind.is_share() => {
                (figures::points(before, after), false)
            }
            _ => (figures::ABSENT.to_owned(), false),
        },
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
        MetricChange::decided(effect, Figure::Value(before), Figure::Value(after))
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
        let untested = MetricChange::untested(Figure::Value(1.0), Figure::Value(1_240.0));
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
    fn an_estimate_that_the_figures_beside_it_contradict_says_where_it_comes_from() {
        let improved = effect(Decision::Improved, Some(0.9), Some((0.85, 0.95)));
        assert_eq!(of(&improved, 10.0, 9.0).text, "0.90x");
        assert_eq!(of(&improved, 10.0, 10.4).text, "0.90x by pairs");
    }

    #[test]
    fn a_decided_share_without_a_factor_is_told_in_points() {
        let mut lost = effect(Decision::Regressed, None, None);
        lost.kind = MetricKind::Loss;
        let change = of(&lost, 0.0, 0.031);
        assert_eq!((change.text.as_str(), change.tone), ("+3.1 pp", Tone::Bad));
    }
}
