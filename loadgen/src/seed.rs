//! Chance that can be repeated: every random choice hangs on one root seed by a name.

use rand::SeedableRng as _;
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

/// The generator of the `index`-th thing of a kind: same seed, a stream of its own. What one
/// iteration draws then depends on its place in the plan only, not on who ran it or when.
pub fn nth_rng(seed: u64, index: u64) -> ChaCha8Rng {
    let mut rng = rng(seed);
    rng.set_stream(index);
    rng
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    #[test]
    fn sub_seeds_are_repeatable_and_differ_by_name_and_root() {
        assert_eq!(sub_seed(7, "arrivals"), sub_seed(7, "arrivals"));
        assert_ne!(sub_seed(7, "arrivals"), sub_seed(7, "flows"));
        assert_ne!(sub_seed(7, "arrivals"), sub_seed(8, "arrivals"));
    }

    #[test]
    fn the_streams_of_two_iterations_differ_and_repeat() {
        let mut one = nth_rng(7, 1);
        let mut two = nth_rng(7, 2);
        let first = one.next_u64();
        assert_ne!(first, two.next_u64());
        assert_eq!(first, nth_rng(7, 1).next_u64());
    }
}
