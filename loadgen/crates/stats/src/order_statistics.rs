//! A distribution-free interval for a percentile of one sample, by the ranks of its order
//! statistics (David and Nagaraja, Order Statistics, 7.1).
//!
//! The rule assumes independent draws. Response times of one run are not: a queue makes its
//! neighbours slow together. `dispersion` (see `early_stopping`) says how many of them are worth
//! one independent draw, and widens the interval accordingly. It speaks of the run that was, not
//! of what another run would give: arms are compared by trials, never by this.

use super::distributions::binomial_cdf;

/// Ranks that hold a percentile between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// Rank, from 1, of the lower end; absent where the sample is too small to have one.
    pub low: Option<u64>,
    /// Rank of the upper end; absent where it lies beyond the largest.
    pub high: Option<u64>,
    /// The level that they really have.
    pub level: f64,
}

/// Ranks, in a sorted sample of `n`, between which its `p`-quantile lies with at least `level`,
/// half of the error on either side. `dispersion` is 1 for independent draws, more where they
/// come in bursts. `None` of nothing, or of a quantile that is none.
///
/// Lower rank: the smallest l with P(X <= l) >= (1 - level) / 2; upper rank: one more than the
/// smallest u with P(X <= u) >= (1 + level) / 2; X binomial with n draws of chance p. With a
/// dispersion D the ranks are those of n / D draws, blown up by D outwards.
pub fn percentile_ranks(n: u64, p: f64, level: f64, dispersion: f64) -> Option<Ranks> {
    let inside = |x: f64| 0.0 < x && x < 1.0;
    if !inside(p) || !inside(level) {
        return None;
    }
    let dispersion = dispersion.max(1.0);
    let worth = (n as f64 / dispersion) as u64;
    if worth == 0 {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    let low = smallest(worth, p, tail)?;
    let high = smallest(worth, p, 1.0 - tail)? + 1;
    let level = coverage(worth, p, low, high)?;
    // 1 draw of the few stands for `each` of the many.
    let each = n as f64 / worth as f64;
    Some(Ranks {
        low: (low > 0).then(|| ((low as f64 * each).floor() as u64).max(1)),
        high: (high <= worth).then(|| ((high as f64 * each).ceil() as u64).min(n)),
        level,
    })
}

/// P(l <= X < u), X binomial: the chance that the `p`-quantile lies between the order statistics
/// of ranks `low` and `high`. Rank 0 is below everything, rank n + 1 above.
pub fn coverage(n: u64, p: f64, low: u64, high: u64) -> Option<f64> {
    let below = |rank: u64| match rank.checked_sub(1) {
        None => Some(0.0),
        Some(most) if most >= n => Some(1.0),
        Some(most) => binomial_cdf(most, n, p),
    };
    Some(below(high)? - below(low)?)
}

/// The smallest k with P(X <= k) >= `probability`, by halving.
fn smallest(n: u64, p: f64, probability: f64) -> Option<u64> {
    let (mut from, mut to) = (0, n);
    while from < to {
        let middle = u64::midpoint(from, to);
        if binomial_cdf(middle, n, p)? >= probability {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    Some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranks(n: u64, p: f64) -> (Option<u64>, Option<u64>, f64) {
        let found = percentile_ranks(n, p, 0.95, 1.0).unwrap();
        (found.low, found.high, found.level)
    }

    #[test]
    fn intervals_of_the_median_are_those_of_the_textbook_table() {
        for (n, low, high, percent) in [
            (6, 1, 6, 96.9),
            (8, 1, 8, 99.2),
            (9, 2, 8, 96.1),
            (10, 2, 9, 97.9),
            (12, 3, 10, 96.1),
            (15, 4, 12, 96.5),
            (17, 5, 13, 95.1),
            (20, 6, 15, 95.9),
        ] {
            let (found_low, found_high, level) = ranks(n, 0.5);
            assert_eq!((found_low, found_high), (Some(low), Some(high)), "n {n}");
            assert!((level * 100.0 - percent).abs() < 0.051, "n {n}: {level}");
        }
    }

    #[test]
    fn percentiles_of_thousands_have_their_computed_ranks() {
        for (n, p, low, high) in [
            (10_000, 0.5, 4_902, Some(5_099)),
            (10_000, 0.95, 9_457, Some(9_543)),
            (10_000, 0.99, 9_880, Some(9_920)),
            (10_000, 0.999, 9_983, Some(9_997)),
            (1_000, 0.99, 983, Some(997)),
            (1_000, 0.999, 997, None),
        ] {
            let (found_low, found_high, level) = ranks(n, p);
            assert_eq!((found_low, found_high), (Some(low), high), "n {n}, p {p}");
            assert!(level >= 0.95);
        }
    }

    #[test]
    fn the_level_between_two_ranks_is_the_published_one() {
        // go-moremath, QuantileCI: the ranks are chosen by another rule, their levels are these.
        for (n, p, low, high, level) in [
            (4, 0.5, 2, 3, 0.375),
            (4, 0.25, 1, 2, 0.421_875),
            (5, 0.5, 0, 5, 0.968_75),
        ] {
            let found = coverage(n, p, low, high).unwrap();
            assert!((found - level).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn bursts_widen_the_interval_as_fewer_draws_would() {
        let narrow = percentile_ranks(10_000, 0.99, 0.95, 1.0).unwrap();
        let wide = percentile_ranks(10_000, 0.99, 0.95, 10.0).unwrap();
        // Those of 1,000 draws, (983, 997), ten times as large.
        assert_eq!((wide.low, wide.high), (Some(9_830), Some(9_970)));
        assert!(wide.low < narrow.low && wide.high > narrow.high);
        // Fewer independent draws than one say nothing.
        assert_eq!(percentile_ranks(5, 0.5, 0.95, 10.0), None);
        assert_eq!(percentile_ranks(10, 1.0, 0.95, 1.0), None);
    }
}
