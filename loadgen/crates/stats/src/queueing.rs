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

/// Chance that a request waits (Erlang C): random arrivals, random service times, so many servers (M/M/c), of
/// which `busy` are in service on average. 1 where they do not suffice.
pub fn erlang_c(servers: u32, busy: f64) -> f64 {
    let utilization = busy / f64::from(servers);
    if utilization.is_nan() || utilization >= 1.0 {
        return 1.0;
    }
    // Erlang B by its recursion over the number of servers, which no power or factorial makes overflow.
    let blocked = (1..=servers).fold(1.0, |blocked, server| {
        busy * blocked / (f64::from(server) + busy * blocked)
    });
    blocked / (1.0 - utilization * (1.0 - blocked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_to_wait_is_that_of_the_tables() {
        for (servers, utilization, chance) in [
            (1, 0.7, 0.7000),
            (2, 0.7, 0.5765),
            (4, 0.7, 0.4287),
            (8, 0.8, 0.4576),
            (2, 0.9, 0.8526),
        ] {
            let found = erlang_c(servers, utilization * f64::from(servers));
            assert!((found - chance).abs() < 5e-5, "{servers} {found} {chance}");
        }
        assert!((erlang_c(3, 3.0) - 1.0).abs() < f64::EPSILON);
        assert!((erlang_c(0, 0.0) - 1.0).abs() < f64::EPSILON);
        assert!(erlang_c(200, 100.0) < 1e-9);
    }

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
