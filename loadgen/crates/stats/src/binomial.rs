//! Exact tails of the binomial distribution: what a count of few draws says about a share.

use statrs::distribution::{Binomial, DiscreteCDF as _};

/// P(X <= `count`) of so many independent draws, each of which is counted with probability `share`.
///
/// `share` is clamped to 0..=1.
pub fn binomial_at_most(count: u64, draws: u64, share: f64) -> f64 {
    if count >= draws {
        return 1.0;
    }
    Binomial::new(share.clamp(0.0, 1.0), draws).map_or(1.0, |counts| counts.cdf(count))
}

/// P(X >= `count`) of the same; 1 for a count of 0.
pub fn binomial_at_least(count: u64, draws: u64, share: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if count > draws {
        return 0.0;
    }
    Binomial::new(share.clamp(0.0, 1.0), draws).map_or(1.0, |counts| counts.sf(count - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of the terms themselves.
    fn summed(counts: std::ops::RangeInclusive<u64>, draws: u64, share: f64) -> f64 {
        counts
            .map(|count| {
                let ways = (0..count).fold(1.0, |ways, one| {
                    ways * (draws - one) as f64 / (one + 1) as f64
                });
                ways * share.powi(count as i32) * (1.0 - share).powi((draws - count) as i32)
            })
            .sum()
    }

    #[test]
    fn tails_are_the_sums_of_their_terms() {
        for (draws, share) in [(24, 0.05), (120, 0.025), (10, 0.5), (400, 0.01)] {
            for count in [0, 1, 3, 7, 10] {
                let below = summed(0..=count, draws, share);
                assert!((binomial_at_most(count, draws, share) - below).abs() < 1e-9);
                let above = summed(count..=draws, draws, share);
                assert!((binomial_at_least(count, draws, share) - above).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn none_beyond_a_p95_says_something_from_59_draws_on() {
        assert!(binomial_at_most(0, 58, 0.05) > 0.05);
        assert!(binomial_at_most(0, 59, 0.05) < 0.05);
    }

    #[test]
    fn the_ends_are_certain() {
        assert!((binomial_at_most(5, 5, 0.1) - 1.0).abs() < 1e-12);
        assert!((binomial_at_least(0, 5, 0.1) - 1.0).abs() < 1e-12);
        assert!(binomial_at_least(1, 5, 0.0) < 1e-12);
        assert!(binomial_at_least(6, 5, 0.5) < 1e-12);
        assert!((binomial_at_most(0, 0, 0.5) - 1.0).abs() < 1e-12);
    }
}
