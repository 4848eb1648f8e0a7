//! The signed-rank procedures where some differences are only known to lie between two bounds,
//! because a figure was cut off at a limit.
//!
//! Walsh averages and the signed-rank sum grow with every difference. So the interval from the
//! lower bounds to the upper ones contains the interval of the true differences, and the sum of the
//! upper bounds is at least the true one: both answers err towards saying nothing. Bounds are alike
//! where the differences behind them are not (two of infinity), so mid-ranks of bounds would have
//! another distribution than those of the differences: their ties are broken against an answer.

use super::signed_rank::{Interval, hodges_lehmann, interval, two_sided_p, untied_tail};

/// What is known of a difference: it lies between `low` and `high`, which may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// At least this.
    pub low: f64,
    /// At most this.
    pub high: f64,
}

impl Bounds {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// A difference that is known.
    pub const fn exactly(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// One of which only an upper bound is known.
    pub const fn at_most(high: f64) -> Self {
        Self {
            high,
            ..Self::UNKNOWN
        }
    }

    /// One of which only a lower bound is known.
    pub const fn at_least(low: f64) -> Self {
        Self {
            low,
            ..Self::UNKNOWN
        }
    }
}

fn lows(differences: &[Bounds]) -> Vec<f64> {
    differences.iter().map(|one| one.low).collect()
}

fn highs(differences: &[Bounds]) -> Vec<f64> {
    differences.iter().map(|one| one.high).collect()
}

/// The Hodges-Lehmann estimate, where it is the same whatever the differences are within their
/// bounds.
pub fn bounded_estimate(differences: &[Bounds]) -> Option<f64> {
    let low = hodges_lehmann(&lows(differences))?;
    let high = hodges_lehmann(&highs(differences))?;
    (low.is_finite() && low.total_cmp(&high).is_eq()).then_some(low)
}

/// An interval with at least the level of [`interval`]; an end is infinite where nothing bounds it.
pub fn bounded_interval(differences: &[Bounds], level: f64) -> Option<Interval> {
    let low = interval(&lows(differences), level)?;
    let high = interval(&highs(differences), level)?;
    Some(Interval {
        high: high.high,
        ..low
    })
}

/// A two-sided p of the hypothesis that the centre is 0, at least the exact one of the true
/// differences if these have no ties; that of [`two_sided_p`] if all are known. `None` where that
/// has none.
pub fn bounded_p(differences: &[Bounds]) -> Option<f64> {
    if differences
        .iter()
        .all(|one| one.low.total_cmp(&one.high).is_eq())
    {
        return two_sided_p(&lows(differences));
    }
    let below = untied_tail(differences.len(), positive_averages(&highs(differences)))?;
    let negated: Vec<f64> = differences.iter().map(|one| -one.low).collect();
    let above = untied_tail(differences.len(), positive_averages(&negated))?;
    Some((2.0 * below.min(above)).min(1.0))
}

/// How many Walsh averages are positive, which is the signed-rank sum of differences without ties
/// (Hollander and Wolfe, 3.1); one of 0 counts as positive.
fn positive_averages(values: &[f64]) -> usize {
    (0..values.len())
        .map(|i| values[i..].iter().filter(|b| values[i] + *b >= 0.0).count())
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(values: &[f64]) -> Vec<Bounds> {
        values.iter().copied().map(Bounds::exactly).collect()
    }

    #[test]
    fn known_differences_give_what_the_exact_procedures_give() {
        let values = [0.5, -0.2, 0.9, 1.4, 0.3, 0.8, 1.1];
        let known = exact(&values);
        assert_eq!(bounded_estimate(&known), hodges_lehmann(&values));
        assert_eq!(bounded_interval(&known, 0.95), interval(&values, 0.95));
        assert_eq!(bounded_p(&known), two_sided_p(&values));
    }

    #[test]
    fn nothing_known_says_nothing_and_bounds_on_one_side_say_that_side() {
        let unknown = [Bounds::UNKNOWN; 8];
        assert_eq!(bounded_estimate(&unknown), None);
        assert_eq!(bounded_p(&unknown), Some(1.0));
        let found = bounded_interval(&unknown, 0.95).unwrap();
        assert_eq!((found.low, found.high), (f64::NEG_INFINITY, f64::INFINITY));

        let falls = [Bounds::at_most(-2.0); 6];
        assert_eq!(bounded_estimate(&falls), None);
        let found = bounded_interval(&falls, 0.95).unwrap();
        assert_eq!((found.low, found.high), (f64::NEG_INFINITY, -2.0));
        assert!((bounded_p(&falls).unwrap() - 0.031_25).abs() < 1e-12);
    }

    #[test]
    fn one_bounded_difference_of_many_leaves_the_estimate_where_it_is_beside_it() {
        let mut some = exact(&[-1.0, -1.1, -0.9, -1.05, -0.95, -1.0, -1.2, -0.8]);
        some[3] = Bounds::at_most(-4.0);
        assert!(bounded_estimate(&some).is_some());
        some[3] = Bounds::UNKNOWN;
        assert_eq!(bounded_estimate(&some), None);
    }

    #[test]
    fn several_unbounded_differences_are_no_evidence_by_being_alike() {
        const PAIRS: usize = 7;
        for (signs, unbounded) in (0..1 << PAIRS).flat_map(|a| (0..1 << PAIRS).map(move |b| (a, b)))
        {
            let bit = |of: u32, at: usize| of >> at & 1 == 1;
            let truth: Vec<f64> = (1_u8..)
                .take(PAIRS)
                .enumerate()
                .map(|(at, size)| f64::from(size) * if bit(signs, at) { 1.0 } else { -1.0 })
                .collect();
            let known: Vec<Bounds> = truth
                .iter()
                .enumerate()
                .map(|(at, value)| {
                    if bit(unbounded, at) {
                        Bounds::at_least(*value)
                    } else {
                        Bounds::exactly(*value)
                    }
                })
                .collect();
            let (p, of_truth) = (bounded_p(&known).unwrap(), two_sided_p(&truth).unwrap());
            assert!(p >= of_truth - 1e-12, "{known:?}: {p} < {of_truth}");
        }
    }

    proptest! {
        // Few draws have enough bounds of one kind to be alike.
        #![proptest_config(ProptestConfig::with_cases(8192))]
        #[test]
        fn no_answer_is_stronger_than_that_of_the_true_differences(
            values in prop::collection::vec(-2.0_f64..2.0, 6..12),
            cut in prop::collection::vec(0_u8..4, 12),
        ) {
            let known: Vec<Bounds> = values
                .iter()
                .zip(cut)
                .map(|(value, how)| match how {
                    0 => Bounds::at_most(value + 0.3),
                    1 => Bounds::at_least(value - 0.3),
                    _ => Bounds::exactly(*value),
                })
                .collect();
            let wide = bounded_interval(&known, 0.95).unwrap();
            let narrow = interval(&values, 0.95).unwrap();
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
            let (p, true_p) = (bounded_p(&known).unwrap(), two_sided_p(&values).unwrap());
            prop_assert!(p >= true_p - 1e-12, "{p} < {true_p}");
        }
    }
}
