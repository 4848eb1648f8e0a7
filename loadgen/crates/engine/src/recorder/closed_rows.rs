//! Rows of counters that are complete, as few bytes as they need: a run keeps one for each
//! operation and interval, so that pairs of integers would be most of what an hour's run grows by.
//!
//! A row is the distance of its interval to the one before, the number of its buckets, and of each
//! bucket, in rising order, the distance to the one before, doubled, and one more where a count above
//! 1 follows; all as unsigned LEB128.

/// Rows in the order in which they were closed.
#[derive(Debug, Default)]
pub(super) struct ClosedRows {
    bytes: Vec<u8>,
    newest: u32,
}

impl ClosedRows {
    /// Appends the row of an interval that comes after all others: its buckets in rising order, each
    /// with its count, which is not 0.
    pub(super) fn push(&mut self, interval: u32, row: &[(u16, u32)]) {
        let bytes = &mut self.bytes;
        write(bytes, u64::from(interval - self.newest));
        self.newest = interval;
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

    /// Takes all counts out: interval, bucket, count.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u32, u16, u32)> + use<> {
        let bytes = std::mem::take(self).bytes;
        let (mut at, mut left, mut interval, mut bucket) = (0, 0, 0_u32, 0_u16);
        std::iter::from_fn(move || {
            while left == 0 {
                interval += read(&bytes, &mut at)? as u32;
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
            Some((interval, bucket, count))
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_count_comes_out_as_it_went_in(
            rows in prop::collection::btree_map(
                any::<u32>(),
                prop::collection::btree_map(any::<u16>(), 1_u32.., 0..40),
                0..20,
            ),
        ) {
            let mut closed = ClosedRows::default();
            let mut expected = Vec::new();
            for (interval, row) in rows {
                let row: Vec<(u16, u32)> = row.into_iter().collect();
                closed.push(interval, &row);
                expected.extend(row.into_iter().map(|(at, count)| (interval, at, count)));
            }
            prop_assert_eq!(closed.drain().collect::<Vec<_>>(), expected);
            prop_assert_eq!(closed.drain().count(), 0);
        }
    }

    #[test]
    fn a_row_of_few_answers_takes_few_bytes() {
        let row: Vec<(u16, u32)> = (0..10).map(|number| (2_000 + 40 * number, 1)).collect();
        let mut closed = ClosedRows::default();
        closed.push(9, &row);
        assert!(
            closed.bytes.len() <= 2 + 2 + 9,
            "{} bytes",
            closed.bytes.len()
        );
    }
}
