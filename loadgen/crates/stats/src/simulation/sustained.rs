//! The highest rate that meets a limit of the response time.

use super::{
    engine::{SimulationLimits, simulate},
    network::{BadNetwork, QueueingNetwork},
    simulated::SimulationEnding,
};

/// Most that a resource is used: above, a run of bounded length says little of the steady state.
pub const MOST_UTILIZATION: f64 = 0.95;
/// Least use of the bottleneck at which the limit has to hold.
const LEAST_UTILIZATION: f64 = 0.02;
/// Halvings of the range between both: to 0.8 % of the bottleneck's rate.
const HALVINGS: u32 = 7;

/// The highest rate, in requests a second, at which the load is carried, `share` of the requests take `limit_s`
/// seconds at most and no resource is used more than [`MOST_UTILIZATION`] by the utilization law. By bisection,
/// each rate with the same seed, so that two rates differ by the load alone. `None` where the limit does not even
/// hold at a light load, where nothing bounds the throughput, and where the time was over.
pub fn sustained_rate(
    network: &QueueingNetwork,
    (share, limit_s): (f64, f64),
    limits: &SimulationLimits<'_>,
    seed: u64,
) -> Result<Option<f64>, BadNetwork> {
    network.check()?;
    let Some(bound) = network.bottleneck() else {
        return Ok(None);
    };
    let meets = |rate: f64| -> Result<Option<bool>, BadNetwork> {
        let run = simulate(network, rate, limits, seed)?;
        if run.ending == SimulationEnding::OutOfTime {
            return Ok(None);
        }
        let in_time = run
            .percentile_s(share)
            .is_some_and(|found| found <= limit_s);
        Ok(Some(in_time && run.is_carried()))
    };
    let (mut low, mut high) = (
        bound.rate * LEAST_UTILIZATION,
        bound.rate * MOST_UTILIZATION,
    );
    match meets(high)? {
        Some(true) => return Ok(Some(high)),
        Some(false) => {}
        None => return Ok(None),
    }
    if meets(low)? != Some(true) {
        return Ok(None);
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        match meets(middle)? {
            Some(true) => low = middle,
            Some(false) => high = middle,
            None => return Ok(None),
        }
    }
    Ok(Some(low))
}
