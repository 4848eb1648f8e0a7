//! Rows of counters that are complete, as few bytes as they need: a run keeps one for each
//! operation and interval, so that pairs of integers would be most of what an hour's run grows by.
//!
//! A row is its interval, the number of its buckets, and of each bucket, in rising order, the
//! distance to the one before and the count; all as unsigned LEB128.

/// Rows in the order in which they were closed.
#[derive(Debug, Default)]
pub(super) struct ClosedRows(Vec<u8>);

impl ClosedRows {
    /// Appends the row of one interval: its buckets in rising order, each with its count.
    pub(super) fn push(&mut self, interval: u32, row: &[(u16, u32)]) {
        write(&mut self.0, interval.into());
        write(&mut self.0, row.len() as u64);
        let mut before = 0;
        for (bucket, count) in row {
            write(&mut self.0, u64::from(bucket - before));
            write(&mut self.0, (*count).into());
            before = *bucket;
        }
    }

    /// Takes all counts out: interval, bucket, count.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u32, u16, u32)> + use<> {
        let bytes = std::mem::take(&mut self.0);
        let (mut at, mut left, mut interval, mut bucket) = (0, 0, 0, 0);
        std::iter::from_fn(move || {
            while left == 0 {
                interval = read(&bytes, &mut at)? as u32;
                left = read(&bytes, &mut at)?;
                bucket = 0;
            }
            left -= 1;
            bucket += read(&bytes, &mut at)? as u16;
            Some((interval, bucket, read(&bytes, &mut at)? as u32))
        })
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
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_count_comes_out_as_it_went_in(
            rows in prop::collection::vec(
                (any::<u32>(), prop::collection::btree_map(any::<u16>(), any::<u32>(), 0..40)),
                0..20,
            ),
        ) {
            let mut closed = ClosedRows::default();
            let mut expected = Vec::new();
            for (interval, row) in &rows {
                let pairs: Vec<(u16, u32)> = row.iter().map(|(at, count)| (*at, *count)).collect();
                closed.push(*interval, &pairs);
                expected.extend(pairs.into_iter().map(|(at, count)| (*interval, at, count)));
            }
            prop_assert_eq!(closed.drain().collect::<Vec<_>>(), expected);
            prop_assert_eq!(closed.drain().count(), 0);
        }
    }

    #[test]
    fn a_row_of_few_answers_takes_few_bytes() {
        let row: BTreeMap<u16, u32> = (0..10).map(|number| (2_000 + 40 * number, 1)).collect();
        let row: Vec<(u16, u32)> = row.into_iter().collect();
        let mut closed = ClosedRows::default();
        closed.push(9, &row);
        assert!(closed.0.len() <= 2 + 3 + 9 * 2, "{} bytes", closed.0.len());
    }
}
