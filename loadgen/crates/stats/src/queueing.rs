//! What queueing theory says of a steady state: the limits that a trial's own figures are compared
//! with.

/// Number of requests under way that a steady queue exceeds with a chance of at most `chance`, where
/// `mean` are under way on average: random arrivals, one server, random service times (M/M/1), so
/// that P(more than n) = (mean / (1 + mean))^(n + 1). 0 of an empty queue.
pub fn steady_limit(mean: f64, chance: f64) -> f64 {
    if mean.is_nan() || mean <= 0.0 {
        return 0.0;
    }
    let utilization = mean / (1.0 + mean);
    (chance.ln() / utilization.ln()).ceil() - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_queue_exceeds_the_limit_once_in_a_hundred() {
        for utilization in [0.3_f64, 0.7, 0.8, 0.9] {
            let limit = steady_limit(utilization / (1.0 - utilization), 0.01);
            assert!(
                utilization.powf(limit + 1.0) <= 0.01 + 1e-9,
                "{utilization}"
            );
            assert!(utilization.powf(limit) > 0.01, "{utilization}");
        }
        assert!(steady_limit(0.0, 0.01).abs() < f64::EPSILON);
    }
}
