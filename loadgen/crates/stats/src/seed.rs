//! Repeatable randomness: every random choice is derived from one root seed and a name.

use std::convert::Infallible;

use rand::{Rng as _, SeedableRng as _, TryRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The seed of one purpose, `arrivals` or `block 3`: the first eight bytes, big endian, of
/// SHA-256 over the root's bytes and the name. Two names give unrelated seeds.
pub fn sub_seed(root: u64, name: &str) -> u64 {
    let digest = Sha256::new()
        .chain_update(root.to_be_bytes())
        .chain_update(name.as_bytes())
        .finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// A generator whose stream is the same on every machine and in every version.
pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Random numbers for the `index`-th item: same seed, own stream. What one iteration draws depends on
/// its place in the plan only, not on which user ran it or when.
///
/// The generator is created at the first draw: an iteration that draws nothing costs nothing.
#[derive(Debug, Clone)]
pub struct Chance {
    seed: u64,
    index: u64,
    generator: Option<ChaCha8Rng>,
}

impl Chance {
    /// The `index`-th stream of a seed.
    pub const fn nth(seed: u64, index: u64) -> Self {
        Self {
            seed,
            index,
            generator: None,
        }
    }

    fn generator(&mut self) -> &mut ChaCha8Rng {
        self.generator.get_or_insert_with(|| {
            let mut made = rng(self.seed);
            made.set_stream(self.index);
            made
        })
    }
}

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.generator().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.generator().next_u64())
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        self.generator().fill_bytes(to);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_seeds_are_repeatable_and_differ_by_name_and_root() {
        assert_eq!(sub_seed(7, "arrivals"), sub_seed(7, "arrivals"));
        assert_ne!(sub_seed(7, "arrivals"), sub_seed(7, "flows"));
        assert_ne!(sub_seed(7, "arrivals"), sub_seed(8, "arrivals"));
    }

    #[test]
    fn the_streams_of_two_iterations_differ_and_repeat() {
        let mut one = Chance::nth(7, 1);
        let mut two = Chance::nth(7, 2);
        let first = one.next_u64();
        assert_ne!(first, two.next_u64());
        assert_eq!(first, Chance::nth(7, 1).next_u64());
    }
}
