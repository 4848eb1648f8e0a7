//! The hit ratio that a cache can reach at most, from who asks for what.

/// Share of `during` look-ups that a cache which forgets nothing can answer, after `before`
/// look-ups have warmed it; `weights` say how often each key is asked for. `None` without a
/// look-up or a key.
///
/// Of independent look-ups a key of share p is missed in the window where it was never asked for
/// before and is asked for at all: (1 - p)^before (1 - (1 - p)^during), once (the independent
/// reference model; Coffman and Denning 1973). Time limits and invalidations only lower it.
pub fn attainable_hit_ratio(weights: &[f64], before: f64, during: f64) -> Option<f64> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 || during < 1.0 {
        return None;
    }
    let misses: f64 = weights
        .iter()
        .map(|weight| 1.0 - weight / sum)
        .map(|other| other.powf(before) * (1.0 - other.powf(during)))
        .sum();
    Some((1.0 - misses / during).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn zipf(n: u32) -> Vec<f64> {
        (1..=n).map(|k| f64::from(k).powf(-0.99)).collect()
    }

    /// Hits that a set which forgets nothing has in the last `during` of the draws.
    fn simulated(weights: &[f64], before: usize, during: usize, seed: u64) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let sum: f64 = weights.iter().sum();
        let mut known = BTreeSet::new();
        let mut hits = 0;
        for draw in 0..before + during {
            let mut at = rng.random::<f64>() * sum;
            let key = weights.iter().position(|weight| {
                at -= weight;
                at <= 0.0
            });
            let new = known.insert(key.unwrap_or(weights.len() - 1));
            hits += usize::from(draw >= before && !new);
        }
        hits as f64 / during as f64
    }

    #[test]
    fn it_is_what_a_simulated_cache_reaches() {
        for (keys, before, during) in [(46, 0, 100), (46, 80, 320), (2_000, 500, 2_000)] {
            let weights = zipf(keys);
            let mean = (0..200)
                .map(|seed| simulated(&weights, before, during, seed))
                .sum::<f64>()
                / 200.0;
            let attainable = attainable_hit_ratio(&weights, before as f64, during as f64).unwrap();
            assert!(
                (attainable - mean).abs() < 0.01,
                "{keys} keys: {attainable} against {mean}"
            );
        }
    }

    #[test]
    fn one_key_misses_once_and_nothing_asked_has_no_ratio() {
        assert_eq!(attainable_hit_ratio(&[3.0], 0.0, 10.0), Some(0.9));
        assert_eq!(attainable_hit_ratio(&[3.0], 5.0, 10.0), Some(1.0));
        assert_eq!(attainable_hit_ratio(&[3.0], 5.0, 0.0), None);
        assert_eq!(attainable_hit_ratio(&[], 5.0, 10.0), None);
    }
}
