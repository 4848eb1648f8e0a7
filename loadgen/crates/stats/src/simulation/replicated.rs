//! Independent runs, and what they say together.

use super::{
    engine::{SimulationLimits, simulate},
    network::{BadNetwork, QueueingNetwork},
    simulated::SimulatedRun,
};
use crate::{distributions::t_quantile, seed::sub_seed};

/// A mean with half of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanInterval {
    /// The mean.
    pub mean: f64,
    /// Half the width of its interval by Student's t; absent with a single value.
    pub half: Option<f64>,
}

/// The mean of independent values with its 95 % interval; `None` of nothing.
pub fn mean_interval(values: &[f64]) -> Option<MeanInterval> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let half = t_quantile(0.975, n - 1.0).map(|t| t * (squares / (n - 1.0) / n).sqrt());
    Some(MeanInterval { mean, half })
}

/// As many runs at this rate, each with its own seed.
pub fn replicate(
    network: &QueueingNetwork,
    rate: f64,
    limits: &SimulationLimits<'_>,
    root: u64,
    runs: u32,
) -> Result<Vec<SimulatedRun>, BadNetwork> {
    (1..=runs)
        .map(|run| {
            simulate(
                network,
                rate,
                limits,
                sub_seed(root, &format!("replication {run}")),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_the_tables() {
        // Standard deviation 1, and t of 4 degrees of freedom is 2.776.
        let values = [-1.0, 1.0, -1.0, 1.0, 0.0].map(|one| 10.0 + one);
        let found = mean_interval(&values).unwrap();
        assert!((found.mean - 10.0).abs() < 1e-12);
        let expected = 2.776_445 / 5.0_f64.sqrt();
        assert!((found.half.unwrap() - expected).abs() < 1e-5, "{found:?}");
        assert_eq!(mean_interval(&[3.0]).unwrap().half, None);
        assert_eq!(mean_interval(&[]), None);
    }
}
