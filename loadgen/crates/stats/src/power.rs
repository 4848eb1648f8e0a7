//! How many pairs an experiment needs, and what so many can show: the power of the signed-rank test
//! with its exact ranks, for normal differences.
//!
//! With the fewest pairs that can decide, all differences must have one sign: P = Φ(effect)^n, exact.
//! With more, the power is that of the t-test at the level that the ranks really give, on 3n/π pairs
//! (the relative efficiency of signed ranks, Hollander and Wolfe 3.1): within 3 points of simulation
//! from 7 pairs on. The power of the t-test averages a normal chance over the chi-squared
//! distribution of the sample's spread, by Simpson's rule.

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

use super::{
    distributions::{normal_cdf, t_quantile},
    signed_rank::rank,
};

/// Level of all claims of an experiment together.
pub const CLAIM_LEVEL: f64 = 0.05;
/// Chance with which a difference should be found.
const POWER: f64 = 0.8;
/// More pairs than that are not counted.
const MOST: usize = 10_000;
/// Most pairs whose ranks are looked up; with more, their level is the nominal one to 0.1 points.
const MOST_RANKED: usize = 60;
/// Steps of the integration; even.
const STEPS: usize = 400;

/// The fewest pairs with which `claims` claims that share a level of 5 % can be decided: the smallest
/// p of n pairs is 2^(1-n), and Holm's correction multiplies it by the number of claims.
pub fn fewest_pairs(claims: usize) -> usize {
    let mut pairs = 1;
    let mut smallest = claims.max(1) as f64;
    while smallest > CLAIM_LEVEL {
        pairs += 1;
        smallest /= 2.0;
    }
    pairs
}

/// The smallest true difference, in standard deviations of a single difference, that the signed-rank
/// test on `pairs` pairs finds with a chance of 80 %, as one of `claims` claims that share a level
/// of 5 %. `None` with too few pairs.
pub fn detectable_effect(pairs: usize, claims: usize) -> Option<f64> {
    let test = SignedRankTest::new(pairs, claims)?;
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if test.power(middle) < POWER {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// Pairs with which the signed-rank test finds a true difference of `difference` with a chance of
/// 80 %, where single differences have the standard deviation `spread`, as one of `claims` claims
/// that share a level of 5 %. `None` above 10,000, or without a difference.
pub fn pairs_needed(spread: f64, difference: f64, claims: usize) -> Option<usize> {
    let usable = spread.is_finite() && difference.is_finite() && spread >= 0.0 && difference > 0.0;
    if !usable {
        return None;
    }
    let fewest = fewest_pairs(claims);
    if spread == 0.0 {
        return Some(fewest);
    }
    let enough = |pairs: usize| {
        SignedRankTest::new(pairs, claims)
            .is_some_and(|test| test.power(difference / spread) >= POWER)
    };
    let (mut from, mut to) = (fewest, fewest);
    while !enough(to) {
        if to >= MOST {
            return None;
        }
        from = to + 1;
        to *= 2;
    }
    while from < to {
        let middle = usize::midpoint(from, to);
        if enough(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    // The last doubling may have gone beyond.
    Some(to).filter(|pairs| *pairs <= MOST)
}

/// The two-sided signed-rank test on a number of pairs.
#[derive(Debug)]
enum SignedRankTest {
    /// All differences must have one sign.
    AllOneSign { pairs: f64 },
    /// As the t-test on so many pairs with this critical value.
    Student { pairs: f64, critical: f64 },
}

impl SignedRankTest {
    fn new(pairs: usize, claims: usize) -> Option<Self> {
        let level = 1.0 - CLAIM_LEVEL / claims.max(1) as f64;
        let achieved = if pairs <= MOST_RANKED {
            let (rank, achieved) = rank(pairs, level)?;
            if rank == 1 {
                return Some(Self::AllOneSign {
                    pairs: pairs as f64,
                });
            }
            achieved
        } else {
            level
        };
        let pairs = pairs as f64 * 3.0 / PI;
        let critical = t_quantile(f64::midpoint(1.0, achieved), pairs - 1.0)?;
        Some(Self::Student { pairs, critical })
    }

    /// Chance of finding a true difference of so many standard deviations.
    fn power(&self, effect: f64) -> f64 {
        match *self {
            Self::AllOneSign { pairs } => {
                normal_cdf(effect).powf(pairs) + normal_cdf(-effect).powf(pairs)
            }
            Self::Student { pairs, critical } => {
                let shift = effect * pairs.sqrt();
                expected(pairs - 1.0, |u| {
                    normal_cdf(shift - critical * u) + normal_cdf(-shift - critical * u)
                })
            }
        }
    }
}

/// Mean of `chance` over the distribution of sqrt(chi-squared / df), for more than one degree of
/// freedom.
fn expected(df: f64, chance: impl Fn(f64) -> f64) -> f64 {
    let scale = 2.0_f64.ln() + df / 2.0 * (df / 2.0).ln() - ln_gamma(df / 2.0);
    // The standard deviation of u is about 1 / sqrt(2 df); beyond ten of them nothing is left.
    let apart = 10.0 / (2.0 * df).sqrt();
    let (from, to) = ((1.0 - apart).max(0.0), 1.0 + apart);
    let step = (to - from) / STEPS as f64;
    let mut sum = 0.0;
    for index in 0..=STEPS {
        let u = from + step * index as f64;
        if u <= 0.0 {
            continue;
        }
        let density = (scale + (df - 1.0) * u.ln() - df * u * u / 2.0).exp();
        let weight = match index {
            0 | STEPS => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        sum += weight * density * chance(u);
    }
    sum * step / 3.0
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{
        seed,
        signed_rank::{interval, tests::normal},
    };

    /// Share of `draws` simulated experiments whose interval excludes 0.
    fn found(pairs: usize, effect: f64, level: f64, draws: u32) -> f64 {
        let mut chance: ChaCha8Rng = seed::rng(7);
        let hits = (0..draws)
            .filter(|_| {
                let differences: Vec<f64> =
                    (0..pairs).map(|_| effect + normal(&mut chance)).collect();
                interval(&differences, level).is_some_and(|one| one.low > 0.0 || one.high < 0.0)
            })
            .count();
        hits as f64 / f64::from(draws)
    }

    #[test]
    fn the_detectable_effect_is_found_in_four_experiments_of_five() {
        for (pairs, draws) in [(6, 4_000), (8, 4_000), (12, 3_000), (48, 500)] {
            let effect = detectable_effect(pairs, 1).unwrap();
            let share = found(pairs, effect, 0.95, draws);
            // Three points, and two standard errors of the simulation itself.
            let slack = 0.03 + if draws < 1_000 { 0.018 } else { 0.0 };
            assert!((share - 0.8).abs() <= slack, "{pairs} pairs: {share}");
        }
    }

    #[test]
    fn claims_that_share_the_level_need_larger_effects() {
        let effect = detectable_effect(8, 2).unwrap();
        let share = found(8, effect, 0.975, 3_000);
        assert!((share - 0.8).abs() <= 0.03, "{share}");
        assert!(effect > detectable_effect(8, 1).unwrap());
        assert_eq!(detectable_effect(6, 2), None);
    }

    #[test]
    fn the_fewest_pairs_are_those_that_have_an_interval() {
        for (claims, fewest) in [(0, 6), (1, 6), (2, 7), (3, 7), (4, 8), (6, 8), (7, 9)] {
            assert_eq!(fewest_pairs(claims), fewest, "{claims} claims");
            let level = 1.0 - CLAIM_LEVEL / claims.max(1) as f64;
            assert_eq!(rank(fewest - 1, level), None, "{claims} claims");
            assert!(rank(fewest, level).is_some(), "{claims} claims");
        }
    }

    #[test]
    fn pairs_needed_are_a_few_more_than_the_t_test_needs() {
        // The paired t-test needs 25, 92 and 222 (computed for the method).
        for (spread, margin, t_test) in [(0.05, 0.03_f64, 25), (0.10, 0.03, 92), (0.15, 0.03, 205)]
        {
            let needed = pairs_needed(spread, margin.ln_1p(), 1).unwrap();
            assert!(
                (t_test..=t_test + 2 + t_test / 15).contains(&needed),
                "{spread}: {needed}"
            );
        }
        assert!(pairs_needed(0.1, 0.1, 4) > pairs_needed(0.1, 0.1, 1));
    }

    #[test]
    fn no_spread_needs_the_fewest_and_no_difference_or_too_much_spread_has_no_answer() {
        assert_eq!(pairs_needed(0.0, 0.1, 1), Some(6));
        assert_eq!(pairs_needed(0.1, 0.0, 1), None);
        assert_eq!(pairs_needed(10.0, 0.001, 1), None);
        // About 8.2 times the square of the spread in differences: 9,500 and 11,000.
        assert!(pairs_needed(34.0, 1.0, 1).is_some_and(|pairs| (9_300..9_700).contains(&pairs)));
        assert_eq!(pairs_needed(36.6, 1.0, 1), None);
        assert_eq!(pairs_needed(f64::NAN, 0.1, 1), None);
    }

    #[test]
    fn the_density_that_is_integrated_over_sums_to_one() {
        for df in [2.0, 5.0, 30.0, 500.0] {
            let one = expected(df, |_| 1.0);
            assert!((one - 1.0).abs() < 1e-6, "{df}: {one}");
        }
    }
}
