//! Where a series of runs changed its level: E-divisive (Matteson and James, JASA 109, 2014), as
//! used on performance histories by Hunter and Otava.
//!
//! The divergence of two neighbouring stretches X and Y, with m and n points, is
//!
//! ```text
//! Q = 2/(m+n) sum |x - y|  -  2n/((m+n)(m-1)) sum_{i<k} |x_i - x_k|  -  2m/((m+n)(n-1)) sum_{i<k} |y_i - y_k|
//! ```
//!
//! The split with the largest Q is a change point where few random orders of the same points have
//! as large a one; then both sides are looked at again. A permutation test takes no shape of
//! the noise for granted, only that without a change the order of the runs means nothing.
//! (Otava's t-test divides by the wrong n and calls too much a change at few points.)

use rand::seq::SliceRandom as _;

use crate::seed;

/// Fewest points in which a change can be distinguished from chance at 5 %: four against four have 70
/// orders, of which two are as extreme.
pub const FEWEST: usize = 8;

/// Fewest points on one side of a change.
const SIDE: usize = 2;

/// Random orders that a split is compared with.
const ORDERS: usize = 499;

/// Most changes that are looked for.
const MOST_CHANGES: usize = 20;

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Index of the first point after it.
    pub at: usize,
    /// Share of random orders with as large a divergence.
    pub p: f64,
}

/// The change points of a series, in its order; each has p of at most `level`. The random orders
/// come from `seed`, so the same series always gives the same answer. Fewer than [`FEWEST`] points have
/// none.
pub fn change_points(values: &[f64], level: f64, seed: u64) -> Vec<Change> {
    let mut found = Vec::new();
    if values.len() < FEWEST || values.iter().any(|value| !value.is_finite()) {
        return found;
    }
    let mut chance = seed::rng(seed::sub_seed(seed, "orders"));
    let mut stretches = vec![(0, values.len())];
    // Each step looks at one stretch; a change cuts it into two that are looked at later.
    while let Some((from, to)) = stretches.pop() {
        if found.len() >= MOST_CHANGES {
            break;
        }
        let Some((at, divergence)) = best_split(&values[from..to]) else {
            continue;
        };
        let mut order = values[from..to].to_vec();
        let mut as_large = 1;
        for _ in 0..ORDERS {
            order.shuffle(&mut chance);
            // What is equal but for rounding is as large.
            if best_split(&order).is_some_and(|(_, other)| other >= divergence * (1.0 - 1e-9)) {
                as_large += 1;
            }
        }
        let p = f64::from(as_large) / (ORDERS + 1) as f64;
        if divergence > 0.0 && p <= level {
            found.push(Change { at: from + at, p });
            stretches.push((from, from + at));
            stretches.push((from + at, to));
        }
    }
    found.sort_by_key(|change| change.at);
    found
}

/// The split with the largest divergence of what is before it from what follows, and that
/// divergence; `None` where either side would be too short. O(n²).
fn best_split(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len();
    if n < 2 * SIDE {
        return None;
    }
    // Sums of |x_i - x_k| over pairs: all of one point to the left, all within a prefix.
    let mut left = Vec::with_capacity(n);
    let mut right = Vec::with_capacity(n);
    for (index, value) in values.iter().enumerate() {
        let to = |others: &[f64]| {
            others
                .iter()
                .map(|other| (other - value).abs())
                .sum::<f64>()
        };
        left.push(to(&values[..index]));
        right.push(to(&values[index + 1..]));
    }
    let (mut within, mut between, mut after): (f64, f64, f64) = (0.0, 0.0, left.iter().sum());
    let mut best: Option<(usize, f64)> = None;
    for at in 1..n {
        // The point at - 1 goes over from the right side to the left one.
        let (to_left, to_right) = (left[at - 1], right[at - 1]);
        within += to_left;
        after -= to_right;
        between += to_right - to_left;
        if at < SIDE || n - at < SIDE {
            continue;
        }
        let (m, k) = (at as f64, (n - at) as f64);
        let q = 2.0 / (m + k) * between
            - 2.0 * k / ((m + k) * (m - 1.0)) * within
            - 2.0 * m / ((m + k) * (k - 1.0)) * after;
        if best.is_none_or(|(_, most)| q > most) {
            best = Some((at, q));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(values: &[f64]) -> Vec<usize> {
        let found = change_points(values, 0.05, 1);
        assert!(found.iter().all(|change| change.p <= 0.05));
        found.iter().map(|change| change.at).collect()
    }

    #[test]
    fn the_published_series_changes_at_5_and_8() {
        let values = [
            0.3, 2.4, 1.5, -0.9, -0.5, 99.7, 98.3, 99.1, 149.0, 149.7, 149.5, 149.1, 148.8, 150.0,
        ];
        assert_eq!(at(&values), [5, 8]);
    }

    #[test]
    fn the_running_sums_give_what_the_formula_gives() {
        let values = [3.0_f64, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0, 5.0];
        let pairs = |some: &[f64]| {
            let mut sum = 0.0;
            for (i, x) in some.iter().enumerate() {
                sum += some[i + 1..].iter().map(|y| (x - y).abs()).sum::<f64>();
            }
            sum
        };
        let largest = (2..=6)
            .map(|at| {
                let (left, right) = values.split_at(at);
                let (n, m) = (left.len() as f64, right.len() as f64);
                let between: f64 = left
                    .iter()
                    .flat_map(|x| right.iter().map(move |y| (x - y).abs()))
                    .sum();
                2.0 / (m + n) * between
                    - 2.0 * m / ((m + n) * (n - 1.0)) * pairs(left)
                    - 2.0 * n / ((m + n) * (m - 1.0)) * pairs(right)
            })
            .fold(f64::NEG_INFINITY, f64::max);
        let (_, found) = best_split(&values).unwrap();
        assert!((found - largest).abs() < 1e-12, "{found} {largest}");
    }

    #[test]
    fn level_noise_changes_in_about_one_series_of_twenty_and_a_constant_never() {
        assert!(at(&[5.0; 30]).is_empty());
        let mut chance = seed::rng(7);
        let changed = (0..60)
            .filter(|_| {
                let mut values: Vec<f64> = (0..12).map(|n| f64::from(n * n % 7)).collect();
                values.shuffle(&mut chance);
                !at(&values).is_empty()
            })
            .count();
        // P(more than 8 of 60 at 5 %) is below 0.5 %.
        assert!(changed <= 8, "{changed} of 60");
    }

    #[test]
    fn too_few_points_say_nothing_and_eight_can() {
        assert!(at(&[1.0, 1.1, 1.0, 9.0, 9.1, 9.0, 9.2]).is_empty());
        assert_eq!(at(&[1.0, 1.1, 1.05, 1.2, 9.0, 9.1, 9.3, 9.2]), [4]);
    }
}
