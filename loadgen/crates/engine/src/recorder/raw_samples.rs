//! Requests kept one by one, for analyses that a histogram does not allow. Off by default; bounded:
//! the first ones are kept and the others counted.

use crate::{
    sample::{OpId, Outcome, Sample},
    units::Nanos,
};

/// Rows of one block of memory, about a megabyte: rows are never moved.
const BLOCK: usize = 16_384;

/// One request, without the costs that the target reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawSample {
    /// Its operation.
    pub op: OpId,
    /// How it ended.
    pub outcome: Outcome,
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// Bytes of the body.
    pub bytes_in: u64,
    /// Its five times and the head of the answer, as in [`Sample`].
    pub intended: Nanos,
    /// When the pacer released it.
    pub woke: Nanos,
    /// When a virtual user was free to take it.
    pub admitted: Nanos,
    /// When it went out.
    pub sent: Nanos,
    /// When the head of the response had arrived.
    pub first_byte: Nanos,
    /// When it ended.
    pub done: Nanos,
}

impl RawSample {
    /// From the intended start to the end.
    pub const fn response(&self) -> Nanos {
        self.done.since(self.intended)
    }

    /// From the send to the end.
    pub const fn service(&self) -> Nanos {
        self.done.since(self.sent)
    }
}

impl From<&Sample> for RawSample {
    fn from(sample: &Sample) -> Self {
        Self {
            op: sample.op,
            outcome: sample.outcome,
            status: sample.status,
            bytes_in: sample.bytes_in,
            intended: sample.intended,
            woke: sample.woke,
            admitted: sample.admitted,
            sent: sample.sent,
            first_byte: sample.first_byte,
            done: sample.done,
        }
    }
}

/// The requests of the measured window, in the order in which they ended.
#[derive(Debug, Clone, Default)]
pub struct RawSamples {
    blocks: Vec<Vec<RawSample>>,
    room: usize,
    left_out: u64,
}

impl RawSamples {
    /// Space for so many rows, allocated as needed; the first block at once.
    pub fn with_room(room: usize) -> Self {
        let mut samples = Self {
            room,
            ..Self::default()
        };
        samples.grow();
        samples
    }

    /// Keeps one, or counts it where there is no space.
    pub fn push(&mut self, sample: &Sample) {
        if self.room == 0 {
            self.left_out += 1;
            return;
        }
        if self.blocks.last().is_none_or(|last| last.len() == BLOCK) {
            self.grow();
        }
        if let Some(last) = self.blocks.last_mut() {
            last.push(RawSample::from(sample));
            self.room -= 1;
        }
    }

    /// Adds those of another worker.
    pub fn append(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.room += other.room;
        self.left_out += other.left_out;
    }

    /// How many are kept.
    pub fn kept(&self) -> u64 {
        self.blocks.iter().map(|piece| piece.len() as u64).sum()
    }

    /// How many were not kept.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Each of them, worker by worker.
    pub fn iter(&self) -> impl Iterator<Item = &RawSample> {
        self.blocks.iter().flatten()
    }

    fn grow(&mut self) {
        self.blocks.push(Vec::with_capacity(BLOCK.min(self.room)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(number: u64) -> Sample {
        Sample::answered(Nanos(number), Nanos(number))
    }

    #[test]
    fn the_first_ones_are_kept_and_the_others_counted() {
        let mut samples = RawSamples::with_room(BLOCK + 5);
        for number in 0..BLOCK as u64 + 8 {
            samples.push(&sample(number));
        }
        assert_eq!((samples.kept(), samples.left_out()), (BLOCK as u64 + 5, 3));
        assert!(
            samples
                .iter()
                .zip(0..)
                .all(|(raw, number)| raw.intended == Nanos(number))
        );
        let mut other = RawSamples::with_room(2);
        other.push(&sample(7));
        samples.append(other);
        assert_eq!((samples.kept(), samples.left_out()), (BLOCK as u64 + 6, 3));
        let mut none = RawSamples::with_room(0);
        none.push(&sample(1));
        assert_eq!((none.kept(), none.left_out()), (0, 1));
    }

    #[test]
    fn a_row_takes_at_most_64_bytes() {
        assert!(
            size_of::<RawSample>() <= 64,
            "{} bytes a row",
            size_of::<RawSample>()
        );
    }
}
