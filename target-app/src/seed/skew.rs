//! Chance and its shapes: named streams of one seed, Zipf shares, shuffled passes in which
//! everyone comes once.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use shared::dataset::ZIPF_EXPONENT;

/// The stream of one purpose: two purposes never share numbers, so that a change of one
/// leaves the others as they were.
pub(super) fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// The stream of row `n`, so that any row can be made without those before it.
pub(super) fn row(base: &ChaCha8Rng, n: u32) -> ChaCha8Rng {
    let mut rng = base.clone();
    rng.set_stream(u64::from(n) + 1);
    rng
}

/// One of a list.
pub(super) fn pick<'a, T: ?Sized>(rng: &mut ChaCha8Rng, from: &[&'a T]) -> &'a T {
    from[rng.random_range(0..from.len() as u32) as usize]
}

/// Divides `total` over `n` ranks in proportion to rank^-0.99, none above `cap` and none below 1.
///
/// What the cap takes from the first ranks goes to the others in proportion. The sum is
/// `total` exactly, unless `n * cap` is less.
pub(super) fn zipf_shares(total: u32, n: u32, cap: u32) -> Vec<u32> {
    let weights: Vec<f64> = (1..=n)
        .map(|rank| f64::from(rank).powf(-ZIPF_EXPONENT))
        .collect();
    // Weights fall with the rank, so the capped ranks are a prefix.
    let mut capped = 0_usize;
    let mut weight: f64 = weights.iter().sum();
    let mut left = f64::from(total);
    while capped < weights.len() && left * weights[capped] / weight >= f64::from(cap) {
        left -= f64::from(cap);
        weight -= weights[capped];
        capped += 1;
    }
    let mut shares: Vec<u32> = weights
        .iter()
        .enumerate()
        .map(|(rank, one)| {
            if rank < capped {
                cap
            } else {
                ((left * one / weight) as u32).clamp(1, cap)
            }
        })
        .collect();
    let mut sum: u32 = shares.iter().sum();
    // Rounding left a few over, or the floor of 1 took a few too many.
    while sum < total && shares.iter().any(|share| *share < cap) {
        for share in shares.iter_mut().filter(|share| **share < cap) {
            if sum < total {
                *share += 1;
                sum += 1;
            }
        }
    }
    for share in &mut shares {
        while sum > total && *share > 1 {
            *share -= 1;
            sum -= 1;
        }
    }
    shares
}

/// Gives numbers so that each comes up about equally often: whole shuffled passes.
pub(super) struct ShuffledPasses {
    rng: ChaCha8Rng,
    size: u32,
    numbers: Vec<u32>,
    next: usize,
}

impl ShuffledPasses {
    pub(super) fn new(rng: ChaCha8Rng, size: u32) -> Self {
        Self {
            rng,
            size,
            numbers: Vec::new(),
            next: 0,
        }
    }

    /// The next number that is `free`, or none where nobody is.
    pub(super) fn next_free(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        if let Some(number) = self.take(&free) {
            return Some(number);
        }
        self.numbers.drain(..self.next);
        self.next = 0;
        let from = self.numbers.len();
        self.numbers.extend(0..self.size);
        self.numbers[from..].shuffle(&mut self.rng);
        self.take(&free)
    }

    fn take(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        let at = (self.next..self.numbers.len()).find(|&at| free(self.numbers[at]))?;
        self.numbers.swap(self.next, at);
        self.next += 1;
        Some(self.numbers[self.next - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_respect_the_cap() {
        for (total, n, cap) in [
            (94_400, 1_998, 450),
            (2_450, 58, 120),
            (100, 100, 5),
            (10, 3, 8),
        ] {
            let shares = zipf_shares(total, n, cap);
            assert_eq!(shares.iter().sum::<u32>(), total);
            assert!(shares.iter().all(|share| (1..=cap).contains(share)));
            assert!(shares.first() >= shares.last());
        }
    }

    #[test]
    fn shuffled_passes_give_everyone_once_before_anyone_twice() {
        let mut passes = ShuffledPasses::new(stream(1, "deck"), 50);
        let mut dealt: Vec<_> = (0..50).filter_map(|_| passes.next_free(|_| true)).collect();
        dealt.sort_unstable();
        assert_eq!(dealt, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn shuffled_passes_skip_those_who_are_busy_and_give_up_when_all_are() {
        let mut passes = ShuffledPasses::new(stream(1, "deck"), 4);
        assert!((0..10).all(|_| passes.next_free(|number| number == 2) == Some(2)));
        assert_eq!(passes.next_free(|_| false), None);
    }

    #[test]
    fn streams_of_two_purposes_or_rows_differ_and_repeat() {
        let draw = |mut rng: ChaCha8Rng| rng.random::<u64>();
        assert_eq!(draw(stream(7, "a")), draw(stream(7, "a")));
        assert_ne!(draw(stream(7, "a")), draw(stream(7, "b")));
        assert_ne!(draw(stream(7, "a")), draw(stream(8, "a")));
        let base = stream(7, "a");
        assert_ne!(draw(row(&base, 0)), draw(row(&base, 1)));
    }
}
