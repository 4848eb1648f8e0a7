//! Rows of counters that are complete, as few bytes as they need, and out of memory: a run keeps one for each
//! operation and interval, and they would be most of what an hour's run grows by.
//!
//! A row is the number of its distribution, its interval, the number of its buckets, and of each bucket, in
//! rising order, the distance to the one before, doubled, and one more where a count above 1 follows;
//! all as unsigned LEB128.

use std::io;

use crate::spool::Spool;

/// Rows in the order in which they were closed.
#[derive(Debug)]
pub(super) struct ClosedRows(Spool);

/// One counter of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClosedCount {
    /// Number of its distribution.
    pub(super) distribution: u32,
    pub(super) interval: u32,
    pub(super) bucket: u16,
    /// What was counted; not 0.
    pub(super) count: u32,
}

impl ClosedRows {
    pub(super) fn new() -> Self {
        Self(Spool::new())
    }

    /// Appends the row of an interval of a distribution: its buckets in rising order, each with its
    /// count, which is not 0.
    pub(super) fn push(&mut self, distribution: u32, interval: u32, row: &[(u16, u32)]) {
        let bytes = self.0.buffer();
        write(bytes, u64::from(distribution));
        write(bytes, u64::from(interval));
        write(bytes, row.len() as u64);
        let mut before = 0;
        for (bucket, count) in row {
            let distance = u64::from(bucket - before) << 1;
            before = *bucket;
            if *count == 1 {
                write(bytes, distance);
            } else {
                write(bytes, distance | 1);
                write(bytes, (*count).into());
            }
        }
    }

    /// Bytes of them that are in memory.
    #[cfg(test)]
    pub(super) fn in_memory(&self) -> usize {
        self.0.in_memory()
    }

    /// All counts.
    pub(super) fn counts(&self) -> io::Result<impl Iterator<Item = ClosedCount> + use<>> {
        let bytes = self.0.read()?;
        let (mut at, mut left) = (0, 0);
        let (mut distribution, mut interval, mut bucket) = (0_u32, 0_u32, 0_u16);
        Ok(std::iter::from_fn(move || {
            while left == 0 {
                distribution = read(&bytes, &mut at)? as u32;
                interval = read(&bytes, &mut at)? as u32;
                left = read(&bytes, &mut at)?;
                bucket = 0;
            }
            left -= 1;
            let distance = read(&bytes, &mut at)?;
            bucket += (distance >> 1) as u16;
            let count = match distance & 1 {
                0 => 1,
                _ => read(&bytes, &mut at)? as u32,
            };
            Some(ClosedCount {
                distribution,
                interval,
                bucket,
                count,
            })
        }))
    }
}

fn write(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The number at a place, which moves behind it; `None` at the end.
fn read(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_count_comes_out_as_it_went_in(
            rows in prop::collection::vec(
                (
                    any::<u32>(),
                    any::<u32>(),
                    prop::collection::btree_map(any::<u16>(), 1_u32.., 0..40),
                ),
                0..20,
            ),
        ) {
            let mut closed = ClosedRows::new();
            let mut expected = Vec::new();
            for (distribution, interval, row) in rows {
                let row: Vec<(u16, u32)> = row.into_iter().collect();
                closed.push(distribution, interval, &row);
                expected.extend(row.into_iter().map(|(bucket, count)| ClosedCount {
                    distribution,
                    interval,
                    bucket,
                    count,
                }));
            }
            prop_assert_eq!(closed.counts().unwrap().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_row_of_few_answers_takes_few_bytes() {
        let row: Vec<(u16, u32)> = (0..10).map(|number| (2_000 + 40 * number, 1)).collect();
        let mut closed = ClosedRows::new();
        closed.push(3, 9, &row);
        let bytes = closed.0.len();
        assert!(bytes <= 3 + 2 + 9, "{bytes} bytes");
    }
}
