//! Which of many things is asked for: some far more often than others.

use rand::Rng;
use rand_distr::{Distribution, Zipf};

/// Zipf-distributed choice among the first `n` of something, 0 the most popular.
#[derive(Debug, Clone)]
pub struct Popularity {
    zipf: Option<Zipf<f64>>,
    n: u32,
}

impl Popularity {
    /// A choice among `n` things with YCSB's exponent.
    pub fn zipf(n: u32) -> Self {
        Self {
            // Fails only for n < 1 or a negative exponent; among none or one there is no choice.
            zipf: Zipf::new(f64::from(n), shared::dataset::ZIPF_EXPONENT).ok(),
            n,
        }
    }

    /// How often each is asked for, relative to the others.
    pub fn weights(&self) -> Vec<f64> {
        (1..=self.n)
            .map(|rank| f64::from(rank).powf(-shared::dataset::ZIPF_EXPONENT))
            .collect()
    }

    /// Picks one: 0 to n - 1.
    pub fn pick<R: Rng + ?Sized>(&self, rng: &mut R) -> u32 {
        match &self.zipf {
            Some(zipf) => (zipf.sample(rng) as u32)
                .saturating_sub(1)
                .min(self.n.saturating_sub(1)),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_first_is_asked_for_about_twice_as_often_as_the_second() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let popularity = Popularity::zipf(1_000);
        let mut counts = vec![0_u32; 1_000];
        for _ in 0..100_000 {
            counts[popularity.pick(&mut rng) as usize] += 1;
        }
        let weights = popularity.weights();
        let share = weights[0] / weights.iter().sum::<f64>();
        assert!((f64::from(counts[0]) / 100_000.0 - share).abs() < 0.01);
        let ratio = f64::from(counts[0]) / f64::from(counts[1]);
        assert!((1.8..2.2).contains(&ratio), "{ratio}");
        assert!(counts[999] < counts[0] / 100);
    }

    #[test]
    fn among_one_or_none_there_is_no_choice() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(Popularity::zipf(1).pick(&mut rng), 0);
        assert_eq!(Popularity::zipf(0).pick(&mut rng), 0);
    }
}
