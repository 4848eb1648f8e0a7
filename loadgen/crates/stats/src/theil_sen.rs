//! Theil-Sen slope: the median of the slopes between all pairs of points. Up to 29 % of the
//! points may be anything without moving it far.

use super::{distributions::normal_quantile, median};

/// Most points that are paired; longer series are averaged down to so many first.
const MOST: usize = 1_000;

/// Slope per step of evenly spaced `values`; `None` for fewer than two.
pub fn theil_sen(values: &[f64]) -> Option<f64> {
    let width = values.len().div_ceil(MOST).max(1);
    let chunks = values.chunks_exact(width).enumerate();
    let points: Vec<(f64, f64)> = chunks
        .map(|(n, chunk)| {
            let mean = chunk.iter().sum::<f64>() / width as f64;
            ((n * width) as f64, mean)
        })
        .collect();
    median(&pair_slopes(&points))
}

/// The slopes between all pairs of points, in no order.
fn pair_slopes(points: &[(f64, f64)]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (i, a) in points.iter().enumerate() {
        slopes.extend(points[i + 1..].iter().map(|b| (b.1 - a.1) / (b.0 - a.0)));
    }
    slopes
}

/// A slope with what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlopeEstimate {
    /// Theil-Sen slope.
    pub estimate: f64,
    /// Its 95 % interval; absent with too few points.
    pub interval: Option<(f64, f64)>,
}

/// Slope of points `(x, y)` with increasing x, with the 95 % interval of Sen (1968) as in Gilbert
/// (1987, section 16.5): the pair slopes at the ranks that Kendall's variance gives, corrected
/// for equal values of y. `None` for fewer than two points.
///
/// It assumes independent errors. Neighbouring seconds are correlated, so the caller averages them
/// into 20 to 30 blocks of equal length first. Errors that are still correlated from block to block
/// make the interval too narrow.
pub fn theil_sen_interval(points: &[(f64, f64)]) -> Option<SlopeEstimate> {
    let mut slopes = pair_slopes(points);
    let estimate = median(&slopes)?;
    slopes.sort_by(f64::total_cmp);
    let half = normal_quantile(0.975) * kendall_variance(points).sqrt();
    // Ranks are whole: the interval is rounded to the outside.
    let below = ((slopes.len() as f64 - half) / 2.0).floor();
    let interval = (below >= 1.0).then(|| {
        let rank = below as usize;
        (slopes[rank - 1], slopes[slopes.len() - rank])
    });
    Some(SlopeEstimate { estimate, interval })
}

/// Variance of Kendall's S without a trend.
fn kendall_variance(points: &[(f64, f64)]) -> f64 {
    let term = |n: usize| (n * n.saturating_sub(1) * (2 * n + 5)) as f64;
    let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    let ties = values.chunk_by(|a, b| a.total_cmp(b).is_eq());
    (term(values.len()) - ties.map(|group| term(group.len())).sum::<f64>()) / 18.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{seed::rng, signed_rank::tests::normal};
    use rand::RngExt as _;

    #[test]
    fn a_line_has_its_slope_and_an_outlier_does_not_move_it() {
        let mut line: Vec<f64> = (0..20).map(|n| 3.0 + 2.0 * f64::from(n)).collect();
        assert!((theil_sen(&line).unwrap() - 2.0).abs() < 1e-12);
        line[7] = 1e6;
        assert!((theil_sen(&line).unwrap() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_long_series_keeps_its_slope_per_step() {
        let line: Vec<f64> = (0..50_000).map(|n| 0.5 * f64::from(n)).collect();
        assert!((theil_sen(&line).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn fewer_than_two_points_have_no_slope() {
        assert_eq!(theil_sen(&[]), None);
        assert_eq!(theil_sen(&[1.0]), None);
    }

    fn spaced(values: &[f64]) -> Vec<(f64, f64)> {
        (0..).map(f64::from).zip(values.iter().copied()).collect()
    }

    #[test]
    fn the_interval_has_the_ranks_of_kendalls_variance() {
        // Slopes of the squares of 1 to 10 are i + j; the variance is 125, so the ranks are 11
        // and 35 of 45.
        let squares: Vec<f64> = (1..=10).map(|n| f64::from(n * n)).collect();
        let found = theil_sen_interval(&spaced(&squares)).unwrap();
        assert_eq!(found.interval, Some((8.0, 14.0)));
        assert!((found.estimate - 11.0).abs() < 1e-12);
        // 10 * 9 * 25 less 3 * 2 * 11 and 2 * 1 * 9.
        let tied = [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let variance = kendall_variance(&spaced(&tied));
        assert!((variance - 2_166.0 / 18.0).abs() < 1e-9);
    }

    #[test]
    fn constants_have_a_slope_of_zero_and_few_points_no_interval() {
        let found = theil_sen_interval(&spaced(&[5.0; 30])).unwrap();
        assert_eq!((found.estimate, found.interval), (0.0, Some((0.0, 0.0))));
        assert_eq!(theil_sen_interval(&spaced(&[5.0])), None);
        let few = theil_sen_interval(&spaced(&[1.0, 2.0, 3.0])).unwrap();
        assert_eq!(few.interval, None);
    }

    #[test]
    fn gaps_keep_the_slope() {
        let points: Vec<(f64, f64)> = (0..30_u32)
            .filter(|n| n % 7 != 3)
            .map(|n| (f64::from(n), 3.0 + 0.25 * f64::from(n)))
            .collect();
        let found = theil_sen_interval(&points).unwrap();
        assert!((found.estimate - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_interval_contains_the_truth_as_often_as_it_says() {
        let mut chance = rng(7);
        let mut hits = 0;
        for _ in 0..2_000 {
            let start = 100.0 * chance.random::<f64>();
            let values: Vec<f64> = (0..30)
                .map(|n| start + 0.3 * f64::from(n) + normal(&mut chance))
                .collect();
            let (low, high) = theil_sen_interval(&spaced(&values))
                .unwrap()
                .interval
                .unwrap();
            hits += usize::from(low <= 0.3 && 0.3 <= high);
        }
        assert!((1_860..=1_960).contains(&hits), "{hits}");
    }
}
