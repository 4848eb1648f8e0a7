//! How long a service takes. Values are drawn by inversion, so a draw is one random number whatever the
//! distribution.

use crate::distributions::normal_quantile;

/// Quantile of the standard normal distribution at 95 %.
const NORMAL_P95: f64 = 1.644_853_626_951_472_7;

/// A distribution of service times, in seconds or as a factor.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceDistribution {
    /// Always the same.
    Constant(f64),
    /// Without memory.
    Exponential {
        /// Its mean.
        mean: f64,
    },
    /// Its logarithm is normal.
    LogNormal {
        /// Mean of the logarithm.
        location: f64,
        /// Standard deviation of the logarithm.
        shape: f64,
    },
    /// Each of these as often as any other, ascending.
    Values(Vec<f64>),
}

impl ServiceDistribution {
    /// The log-normal distribution with this mean and this 95 % quantile. With r = p95 / mean its shape is the
    /// smaller root of s² / 2 - 1.645 s + ln r = 0. `None` where none has both: r below 1, or above 3.87.
    pub fn log_normal(mean: f64, p95: f64) -> Option<Self> {
        let ratio = p95 / mean;
        if !(mean > 0.0 && ratio >= 1.0 && ratio.is_finite()) {
            return None;
        }
        let inside = NORMAL_P95 * NORMAL_P95 - 2.0 * ratio.ln();
        let shape = NORMAL_P95 - Some(inside).filter(|inside| *inside >= 0.0)?.sqrt();
        Some(Self::LogNormal {
            location: mean.ln() - shape * shape / 2.0,
            shape,
        })
    }

    /// `size` equally likely values from points `(share, value)` of a quantile function: straight lines
    /// between them, below the first its value. Beyond the last the excess is exponential and as large as
    /// `mean` asks for; none where the body alone has that mean. `None` of fewer than two points.
    pub fn of_quantiles(points: &[(f64, f64)], mean: f64, size: usize) -> Option<Self> {
        let known: Vec<(f64, f64)> = points
            .iter()
            .copied()
            .filter(|(share, value)| {
                (0.0..1.0).contains(share) && value.is_finite() && *value >= 0.0
            })
            .collect();
        let rises = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        if known.len() < 2 || size == 0 || !known.windows(2).all(rises) {
            return None;
        }
        let last = known[known.len() - 1];
        let (mut values, mut beyond) = (Vec::with_capacity(size), Vec::new());
        for share in middles(size) {
            if share <= last.0 {
                values.push(between(&known, share));
            } else {
                beyond.push(-((1.0 - share) / (1.0 - last.0)).ln());
            }
        }
        let so_far = values.iter().sum::<f64>() + last.1 * beyond.len() as f64;
        let excess = (mean * size as f64 - so_far).max(0.0);
        let weight: f64 = beyond.iter().sum();
        values.extend(beyond.iter().map(|one| last.1 + one * excess / weight));
        Some(Self::Values(values))
    }

    /// The value below which this share lies.
    pub fn quantile(&self, share: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential { mean } => -mean * (1.0 - share).ln(),
            Self::LogNormal { location, shape } => {
                (location + shape * normal_quantile(share)).exp()
            }
            Self::Values(values) => {
                let place = (share * values.len() as f64) as usize;
                values
                    .get(place.min(values.len().saturating_sub(1)))
                    .copied()
                    .unwrap_or(0.0)
            }
        }
    }

    /// Its mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential { mean } => *mean,
            Self::LogNormal { location, shape } => (location + shape * shape / 2.0).exp(),
            Self::Values(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
        }
    }

    /// As many equally likely values of it, ascending: its quantiles at the middles of equal shares.
    pub fn values(&self, size: usize) -> Vec<f64> {
        middles(size).map(|share| self.quantile(share)).collect()
    }

    /// Whether a time can be drawn from it.
    pub(super) fn is_sound(&self) -> bool {
        let time = |value: f64| value.is_finite() && value >= 0.0;
        match self {
            Self::Constant(value) | Self::Exponential { mean: value } => time(*value),
            Self::LogNormal { location, shape } => location.is_finite() && time(*shape),
            Self::Values(values) => !values.is_empty() && values.iter().all(|value| time(*value)),
        }
    }
}

/// The middles of `size` equal shares of 0 to 1.
fn middles(size: usize) -> impl Iterator<Item = f64> {
    (0..size).map(move |place| (place as f64 + 0.5) / size as f64)
}

/// The value at a share that is not beyond the last point.
fn between(points: &[(f64, f64)], share: f64) -> f64 {
    let after = points.partition_point(|(known, _)| *known < share);
    let Some(before) = after.checked_sub(1) else {
        return points[0].1;
    };
    let ((low, from), (high, to)) = (points[before], points[after.min(points.len() - 1)]);
    if high <= low {
        return to;
    }
    from + (to - from) * (share - low) / (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_normal_distribution_has_the_mean_and_the_quantile_that_it_was_made_of() {
        for (mean, p95) in [(2.0, 5.0), (0.01, 0.012), (40.0, 150.0)] {
            let made = ServiceDistribution::log_normal(mean, p95).unwrap();
            assert!((made.mean() / mean - 1.0).abs() < 1e-9, "{made:?}");
            assert!((made.quantile(0.95) / p95 - 1.0).abs() < 1e-6, "{made:?}");
        }
        for (mean, p95) in [(2.0, 1.9), (1.0, 4.0), (0.0, 1.0)] {
            assert_eq!(ServiceDistribution::log_normal(mean, p95), None);
        }
    }

    #[test]
    fn an_empirical_distribution_keeps_its_points_and_its_mean() {
        let points = [(0.1, 1.0), (0.5, 2.0), (0.9, 6.0)];
        let made = ServiceDistribution::of_quantiles(&points, 4.0, 1_000).unwrap();
        assert!((made.mean() - 4.0).abs() < 1e-9, "{}", made.mean());
        assert!((made.quantile(0.5) - 2.0).abs() < 0.01);
        assert!((made.quantile(0.7) - 4.0).abs() < 0.01);
        assert!(made.quantile(0.99) > made.quantile(0.95) && made.quantile(0.95) > 6.0);
        // The body alone has more than this mean: nothing is beyond the last point.
        let low = ServiceDistribution::of_quantiles(&points, 1.0, 100).unwrap();
        assert!((low.quantile(0.999) - 6.0).abs() < 1e-9);
        for bad in [
            &points[..1],
            &[(0.5, 2.0), (0.4, 3.0)],
            &[(0.5, 2.0), (0.6, 1.0)],
        ] {
            assert_eq!(ServiceDistribution::of_quantiles(bad, 4.0, 100), None);
        }
    }

    #[test]
    fn equally_likely_values_have_about_the_mean_of_the_distribution() {
        let exponential = ServiceDistribution::Exponential { mean: 3.0 };
        let values = ServiceDistribution::Values(exponential.values(2_000));
        assert!(
            (values.mean() / 3.0 - 1.0).abs() < 0.01,
            "{}",
            values.mean()
        );
        assert!(!ServiceDistribution::Values(Vec::new()).is_sound());
        assert!(!ServiceDistribution::Constant(f64::NAN).is_sound());
    }
}
