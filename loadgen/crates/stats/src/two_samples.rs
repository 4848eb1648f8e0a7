//! The difference of two independent samples.

use super::distributions::t_quantile;

/// Fewest values of both samples together: below three degrees of freedom an interval is too wide
/// to say anything.
pub const FEWEST: usize = 5;

/// The difference of two means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// Mean of the second sample less that of the first.
    pub estimate: f64,
    /// Lower bound of its interval.
    pub low: f64,
    /// Upper bound of its interval.
    pub high: f64,
}

/// Student's interval of the difference of two means, with one variance for both samples, so that
/// one of them may be a single value. The standard error of the difference is at least
/// `least_error`: what is known of it beside the spread, which a few values that happen to be alike
/// do not show. `None` with fewer than [`FEWEST`] values in all.
pub fn mean_difference(
    first: &[f64],
    second: &[f64],
    level: f64,
    least_error: f64,
) -> Option<MeanDifference> {
    let (n, m) = (first.len() as f64, second.len() as f64);
    if first.is_empty() || second.is_empty() || first.len() + second.len() < FEWEST {
        return None;
    }
    let mean = |values: &[f64], count: f64| values.iter().sum::<f64>() / count;
    let (one, other) = (mean(first, n), mean(second, m));
    let squares = |values: &[f64], mean: f64| -> f64 {
        values.iter().map(|value| (value - mean).powi(2)).sum()
    };
    let freedom = n + m - 2.0;
    let variance = (squares(first, one) + squares(second, other)) / freedom;
    let error = (variance * (1.0 / n + 1.0 / m)).sqrt().max(least_error);
    let half = t_quantile(0.5 + level / 2.0, freedom)? * error;
    let estimate = other - one;
    Some(MeanDifference {
        estimate,
        low: estimate - half,
        high: estimate + half,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::rng;
    use rand::RngExt as _;

    #[test]
    fn the_interval_is_that_of_a_worked_example() {
        // Sums of squares 2 and 5 over 6 degrees of freedom; t(0.975, 6) = 2.446912.
        let found = mean_difference(
            &[10.0, 11.0, 9.0, 10.0],
            &[12.0, 14.0, 13.0, 15.0],
            0.95,
            0.0,
        );
        let found = found.unwrap();
        assert!((found.estimate - 3.5).abs() < 1e-9);
        assert!((found.low - 1.631_1).abs() < 1e-3, "{found:?}");
        assert!((found.high - 5.368_9).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn a_least_error_widens_an_interval_and_never_narrows_it() {
        let width = |second: &[f64], least| {
            let found = mean_difference(&[1.0; 4], second, 0.95, least).unwrap();
            found.high - found.low
        };
        assert!(width(&[1.2], 0.0).abs() < 1e-12, "values that are alike");
        // 2 * t(0.975, 3) = 6.364893.
        assert!((width(&[1.2], 0.1) - 0.636_489_3).abs() < 1e-6);
        let spread = [1.0, 3.0];
        assert!((width(&spread, 0.1) - width(&spread, 0.0)).abs() < 1e-12);
    }

    #[test]
    fn too_few_values_have_no_interval() {
        assert_eq!(mean_difference(&[1.0], &[2.0], 0.95, 0.0), None);
        assert_eq!(mean_difference(&[1.0; 4], &[], 0.95, 0.0), None);
        assert!(mean_difference(&[1.0, 1.1, 0.9, 1.0], &[2.0], 0.95, 0.0).is_some());
    }

    #[test]
    fn without_a_difference_the_interval_misses_it_as_often_as_its_level_says() {
        let mut random = rng(7);
        // Sums of uniform numbers are nearly normal.
        let mut one = || (0..12).map(|_| random.random::<f64>()).sum::<f64>();
        let tries = 4_000;
        let missed = (0..tries)
            .filter(|_| {
                let first: Vec<f64> = (0..6).map(|_| one()).collect();
                let found = mean_difference(&first, &[one()], 0.95, 0.0).unwrap();
                found.low > 0.0 || found.high < 0.0
            })
            .count();
        let share = missed as f64 / f64::from(tries);
        assert!((0.04..0.06).contains(&share), "{share}");
    }
}
