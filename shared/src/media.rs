//! The bytes of the seeded recordings, computable on both sides.
//!
//! A recording's file holds a pseudo-random stream that depends on its key alone,
//! so a client can check any byte range it was given without having the file.

use sha2::{Digest, Sha256};

/// Bytes that one digest yields.
const BLOCK: u64 = 32;

/// Fills `out` with the bytes of the file `key` from `offset` on.
///
/// Block *n* of 32 bytes is SHA-256(key, n): any range can be had without the rest.
pub fn fill(key: &str, offset: u64, out: &mut [u8]) {
    let mut position = offset;
    let mut rest = out;
    while !rest.is_empty() {
        let block = block(key, position / BLOCK);
        let from = (position % BLOCK) as usize;
        let count = rest.len().min(block.len() - from);
        let (now, later) = rest.split_at_mut(count);
        now.copy_from_slice(&block[from..from + count]);
        rest = later;
        position += count as u64;
    }
}

/// Whether `bytes` are those of the file `key` from `offset` on; looks at up to
/// `sample` blocks spread over the range, and always at its first and last bytes.
pub fn matches(key: &str, offset: u64, bytes: &[u8], sample: usize) -> bool {
    let length = bytes.len();
    let window = BLOCK as usize;
    if length <= window * sample.max(2) {
        let mut expected = vec![0; length];
        fill(key, offset, &mut expected);
        return expected == bytes;
    }
    let steps = sample.max(2);
    let mut expected = [0_u8; BLOCK as usize];
    (0..steps).all(|step| {
        let start = (length - window) * step / (steps - 1);
        fill(key, offset + start as u64, &mut expected);
        expected[..] == bytes[start..start + window]
    })
}

fn block(key: &str, number: u64) -> [u8; BLOCK as usize] {
    let mut hash = Sha256::new();
    hash.update(key.as_bytes());
    hash.update(number.to_le_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{fill, matches};

    #[test]
    fn any_range_equals_the_same_range_of_the_whole() {
        let mut whole = vec![0; 1_000];
        fill("clip-01", 0, &mut whole);
        for (from, to) in [(0, 1), (31, 33), (32, 64), (100, 999), (999, 1_000)] {
            let mut part = vec![0; to - from];
            fill("clip-01", from as u64, &mut part);
            assert_eq!(part, whole[from..to]);
        }
    }

    #[test]
    fn a_wrong_offset_or_key_is_noticed() {
        let mut bytes = vec![0; 100_000];
        fill("clip-01", 500, &mut bytes);
        assert!(matches("clip-01", 500, &bytes, 8));
        assert!(!matches("clip-01", 501, &bytes, 8));
        assert!(!matches("clip-02", 500, &bytes, 8));
        *bytes.last_mut().unwrap() ^= 1;
        assert!(!matches("clip-01", 500, &bytes, 8));
    }
}
