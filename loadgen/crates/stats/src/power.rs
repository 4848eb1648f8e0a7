//! How many pairs an experiment needs, from the spread of their differences: for the paired t to
//! see a difference, and for two one-sided tests (TOST) to show that there is none.
//!
//! Both powers are exact under normal differences: given the spread u that a sample will show,
//! relative to the true one, the chance is a normal one, and u² (n - 1) is chi-squared; that is
//! integrated by Simpson's rule. The signed-rank test that decides needs about 5 % more.

use statrs::function::gamma::ln_gamma;

use super::distributions::{normal_cdf, t_quantile};

/// Chance with which the answer should be found.
const POWER: f64 = 0.8;
/// Level of the test for a difference, and of each of the two one-sided ones.
const LEVEL: f64 = 0.05;
/// More pairs than that are not counted out: nobody runs them.
const MOST: usize = 10_000;
/// Steps of the integration; even.
const STEPS: usize = 400;

/// Pairs that show, with a chance of 80 %, a true difference of `difference`, where single
/// differences have the standard deviation `spread`. `None` above 10,000, or without a difference.
pub fn pairs_for_difference(spread: f64, difference: f64) -> Option<usize> {
    fewest(spread, difference, |n, ratio| {
        let t = t_quantile(1.0 - LEVEL / 2.0, n - 1.0)?;
        let shift = ratio * n.sqrt();
        Some(expected(n - 1.0, |u| {
            normal_cdf(shift - t * u) + normal_cdf(-shift - t * u)
        }))
    })
}

/// Pairs that show, with a chance of 80 %, that a difference lies within `margin`, where the true
/// one is 0. `None` above 10,000, or without a margin.
pub fn pairs_for_equivalence(spread: f64, margin: f64) -> Option<usize> {
    fewest(spread, margin, |n, ratio| {
        let t = t_quantile(1.0 - LEVEL, n - 1.0)?;
        let shift = ratio * n.sqrt();
        Some(expected(n - 1.0, |u| {
            (2.0 * normal_cdf(shift - t * u) - 1.0).max(0.0)
        }))
    })
}

/// The smallest number of pairs whose power suffices, by doubling and halving.
fn fewest(spread: f64, effect: f64, power: impl Fn(f64, f64) -> Option<f64>) -> Option<usize> {
    let usable = spread.is_finite() && effect.is_finite() && spread >= 0.0 && effect > 0.0;
    if !usable {
        return None;
    }
    if spread == 0.0 {
        return Some(2);
    }
    let enough = |n: usize| power(n as f64, effect / spread).is_some_and(|one| one >= POWER);
    let mut to = 2;
    while !enough(to) {
        if to >= MOST {
            return None;
        }
        to *= 2;
    }
    let mut from = 2.max(to / 2);
    while from < to {
        let middle = usize::midpoint(from, to);
        if enough(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    Some(to)
}

/// Mean of `chance` over the distribution of sqrt(chi-squared / df).
fn expected(df: f64, chance: impl Fn(f64) -> f64) -> f64 {
    let scale = 2.0_f64.ln() + df / 2.0 * (df / 2.0).ln() - ln_gamma(df / 2.0);
    // Standard deviation of u is about 1 / sqrt(2 df); beyond ten of them nothing is left.
    let apart = 10.0 / (2.0 * df).sqrt();
    let (from, to) = ((1.0 - apart).max(0.0), 1.0 + apart);
    let step = (to - from) / STEPS as f64;
    let mut sum = 0.0;
    for index in 0..=STEPS {
        let u = from + step * index as f64;
        if u <= 0.0 {
            // With one degree of freedom the density does not vanish at 0.
            if df <= 1.0 {
                sum += chance(0.0) * scale.exp();
            }
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
    use super::*;

    /// Spread; then difference and equivalence at margins of 3, 5, 10, 15 and 20 %.
    type Row = (f64, &'static [(usize, usize)]);

    const TABLE: [Row; 6] = [
        (0.02, &[(6, 6), (4, 4), (3, 3)]),
        (0.03, &[(11, 11), (6, 5), (4, 3)]),
        (0.05, &[(25, 26), (11, 11), (5, 5), (4, 3)]),
        (0.08, &[(60, 65), (24, 25), (8, 8), (5, 5), (4, 4)]),
        (0.10, &[(92, 100), (35, 38), (11, 11), (7, 6), (5, 5)]),
        (0.15, &[(205, 222), (77, 83), (22, 23), (12, 12), (8, 8)]),
    ];

    #[test]
    fn blocks_needed_are_those_of_the_computed_table() {
        for (spread, row) in TABLE {
            for (margin, (difference, equivalence)) in
                [0.03_f64, 0.05, 0.10, 0.15, 0.20].into_iter().zip(row)
            {
                let on_logs = margin.ln_1p();
                let found = (
                    pairs_for_difference(spread, on_logs),
                    pairs_for_equivalence(spread, on_logs),
                );
                let printed = (Some(*difference), Some(*equivalence));
                assert_eq!(found, printed, "spread {spread}, margin {margin}");
            }
        }
    }

    #[test]
    fn the_density_that_is_integrated_over_sums_to_one() {
        for df in [1.0, 2.0, 5.0, 30.0, 500.0] {
            let one = expected(df, |_| 1.0);
            assert!((one - 1.0).abs() < 1e-6, "{df}: {one}");
        }
    }

    #[test]
    fn no_spread_needs_two_and_no_difference_or_too_much_spread_has_no_answer() {
        assert_eq!(pairs_for_difference(0.0, 0.1), Some(2));
        assert_eq!(pairs_for_difference(0.1, 0.0), None);
        assert_eq!(pairs_for_equivalence(10.0, 0.001), None);
        assert_eq!(pairs_for_difference(f64::NAN, 0.1), None);
    }
}
