//! What queueing theory says a perfect measurement would find: the answers that the generator's
//! own figures are held against.

/// Response time, in seconds, that a share `p` of requests stays below in a queue with random
/// arrivals, one server and random service times (M/M/1): -ln(1 - p) / (service rate - arrival
/// rate), both a second. `None` where the queue has no end.
pub fn mm1_percentile(p: f64, arrivals: f64, services: f64) -> Option<f64> {
    (arrivals >= 0.0 && services > arrivals && (0.0..1.0).contains(&p))
        .then(|| -(-p).ln_1p() / (services - arrivals))
}

/// The three sides of Little's law over a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Little {
    /// Mean number under way.
    pub under_way: f64,
    /// Requests a second.
    pub rate: f64,
    /// Mean time of a request, in seconds.
    pub time: f64,
}

/// Little's law on the requests `(begin, end)` of a window of `length` seconds that all lie
/// within it: then `under_way` = `rate` x `time` exactly. `None` of nothing.
pub fn little(requests: &[(f64, f64)], length: f64) -> Option<Little> {
    if requests.is_empty() || length.is_nan() || length <= 0.0 {
        return None;
    }
    // Counted by sweeping over begins and ends, not by adding up the times: the one checks the other.
    let mut steps: Vec<(f64, f64)> = requests
        .iter()
        .flat_map(|(begin, end)| [(*begin, 1.0), (*end, -1.0)])
        .collect();
    steps.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut now, mut at, mut area) = (0.0, 0.0, 0.0);
    for (when, change) in steps {
        area += now * (when - at);
        at = when;
        now += change;
    }
    let n = requests.len() as f64;
    Some(Little {
        under_way: area / length,
        rate: n / length,
        time: requests.iter().map(|(begin, end)| end - begin).sum::<f64>() / n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_the_queue_are_the_computed_ones() {
        for (load, p, ms) in [
            (0.5, 0.5, 1.3863),
            (0.5, 0.99, 9.2103),
            (0.5, 0.999, 13.8155),
            (0.7, 0.5, 2.3105),
            (0.7, 0.99, 15.3506),
            (0.7, 0.999, 23.0259),
            (0.8, 0.5, 3.4657),
            (0.8, 0.99, 23.0259),
            (0.8, 0.999, 34.5388),
        ] {
            let found = mm1_percentile(p, load * 1_000.0, 1_000.0).unwrap() * 1e3;
            assert!((found - ms).abs() < 5e-5, "{load} {p}: {found}");
        }
        assert_eq!(mm1_percentile(0.5, 1_000.0, 1_000.0), None);
    }

    #[test]
    fn littles_law_holds_for_three_requests_that_overlap() {
        let law = little(&[(0.0, 2.0), (1.0, 4.0), (3.0, 5.0)], 5.0).unwrap();
        assert!((law.under_way - 1.4).abs() < 1e-12);
        assert!((law.rate - 0.6).abs() < 1e-12);
        assert!((law.time - 7.0 / 3.0).abs() < 1e-12);
        assert!((law.under_way - law.rate * law.time).abs() < 1e-12);
        assert_eq!(little(&[], 5.0), None);
    }
}
