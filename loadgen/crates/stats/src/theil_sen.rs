//! Theil-Sen slope: the median of the slopes between all pairs of points. Up to 29 % of the
//! points may be anything without moving it far.

use super::median;

/// Most points that are paired; longer series are averaged down to so many first.
const MOST: usize = 1_000;

/// Slope per step of evenly spaced `values`; `None` for fewer than two.
pub fn theil_sen(values: &[f64]) -> Option<f64> {
    let width = values.len().div_ceil(MOST).max(1);
    let points: Vec<f64> = values
        .chunks_exact(width)
        .map(|chunk| chunk.iter().sum::<f64>() / width as f64)
        .collect();
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (i, a) in points.iter().enumerate() {
        for (j, b) in points.iter().enumerate().skip(i + 1) {
            slopes.push((b - a) / ((j - i) * width) as f64);
        }
    }
    median(&slopes)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
