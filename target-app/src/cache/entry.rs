//! One cached value: its bytes, when it was loaded, what that cost and how long it lives.
//!
//! The time of the load travels with the value into every store, so that an answer can tell
//! how old it is wherever it came from.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::clock::Clock;

/// Bytes ahead of question and value in Redis: begin of the load and life in milliseconds, cost
/// in microseconds, each 8 bytes, and the length of the question in 4, most significant first. The question
/// begins with the generation that the group had, and [`END`], where it had one.
const HEAD: usize = 28;
/// Ends a generation; no JSON has it.
const END: char = '\0';

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The value. JSON is never empty, so an empty one says that there is nothing to find.
    pub(super) body: Bytes,
    /// When its load began, in milliseconds since 1970: the value may be that old.
    pub(super) loaded_ms: u64,
    /// How long its load took.
    pub(super) cost: Duration,
    /// How long it lives, from the begin of its load.
    pub(super) life: Duration,
    /// The question of its key, so that an audit can ask again for what another process stored.
    pub(super) question: String,
}

impl Entry {
    /// Whether it says that there is nothing to find.
    pub(super) fn is_absence(&self) -> bool {
        self.body.is_empty()
    }

    /// Time since its load began; nothing where another instance's clock is ahead of ours.
    pub(super) fn age(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.loaded_ms))
    }

    /// Time that it still has to live.
    pub(super) fn left(&self) -> Duration {
        self.life.saturating_sub(self.age())
    }

    /// Whether this reader should load it anew although it still lives: XFetch with beta 1
    /// (Vattani, Chierichetti, Lowenstein, VLDB 2015). `draw` is uniform in (0, 1].
    pub(super) fn is_due(&self, draw: f64) -> bool {
        self.cost.as_secs_f64() * -draw.ln() >= self.left().as_secs_f64()
    }

    /// As Redis keeps it, stored while its group had that generation.
    pub(super) fn encode(&self, generation: &str) -> Bytes {
        let mut question = generation.to_owned();
        if !generation.is_empty() {
            question.push(END);
        }
        question.push_str(&self.question);
        let mut bytes = BytesMut::with_capacity(HEAD + question.len() + self.body.len());
        bytes.put_u64(self.loaded_ms);
        bytes.put_u64(whole(self.life.as_millis()));
        bytes.put_u64(whole(self.cost.as_micros()));
        bytes.put_u32(u32::try_from(question.len()).unwrap_or(u32::MAX));
        bytes.put_slice(question.as_bytes());
        bytes.put_slice(&self.body);
        bytes.freeze()
    }

    /// What [`encode`](Self::encode) wrote, for whatever generation; `None` for anything else.
    pub(super) fn decode(bytes: Vec<u8>) -> Option<Self> {
        Self::read(bytes, None)
    }

    /// The same where it was stored while its group had that generation.
    ///
    /// An invalidation deletes the values of its group, and a Redis whose memory ends may have put away which those are
    /// before the values themselves.
    pub(super) fn decode_of(bytes: Vec<u8>, generation: &str) -> Option<Self> {
        Self::read(bytes, Some(generation))
    }

    fn read(bytes: Vec<u8>, wanted: Option<&str>) -> Option<Self> {
        let mut bytes = Bytes::from(bytes);
        if bytes.len() < HEAD {
            return None;
        }
        let loaded_ms = bytes.get_u64();
        let life = Duration::from_millis(bytes.get_u64());
        let cost = Duration::from_micros(bytes.get_u64());
        let length = usize::try_from(bytes.get_u32()).ok()?;
        if bytes.len() < length {
            return None;
        }
        let question = bytes.split_to(length);
        let question = std::str::from_utf8(&question).ok()?;
        let (generation, question) = question.split_once(END).unwrap_or(("", question));
        if wanted.is_some_and(|wanted| wanted != generation) {
            return None;
        }
        Some(Self {
            body: bytes,
            loaded_ms,
            cost,
            life,
            question: question.to_owned(),
        })
    }
}

/// Milliseconds since 1970, the clock that instances share.
pub(super) fn now_ms() -> u64 {
    u64::try_from(Clock::system().now().timestamp_millis()).unwrap_or(0)
}

fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(age: u64, life: u64, cost: u64) -> Entry {
        Entry {
            body: Bytes::from_static(b"[1]"),
            loaded_ms: now_ms() - age,
            cost: Duration::from_millis(cost),
            life: Duration::from_millis(life),
            question: "[\"rust\"]".to_owned(),
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written_and_less_is_none() {
        let one = entry(5, 60_000, 7);
        assert_eq!(Entry::decode(one.encode("").to_vec()), Some(one.clone()));
        let absence = Entry {
            body: Bytes::new(),
            ..one
        };
        let read = Entry::decode(absence.encode("").to_vec()).unwrap();
        assert!(read.is_absence());
        assert_eq!(Entry::decode(b"[1]".to_vec()), None);
        let cut = entry(5, 60_000, 7).encode("")[..HEAD + 2].to_vec();
        assert_eq!(Entry::decode(cut), None);
    }

    #[test]
    fn an_entry_is_read_while_its_group_has_the_generation_that_it_was_stored_at_and_no_other() {
        let one = entry(5, 60_000, 7);
        for stored_at in ["", "a.1"] {
            let stored = one.encode(stored_at).to_vec();
            assert_eq!(Entry::decode(stored.clone()), Some(one.clone()));
            for generation in ["", "a.1", "a.2"] {
                let read = Entry::decode_of(stored.clone(), generation);
                assert_eq!(read.is_some(), generation == stored_at, "{generation}");
            }
        }
    }

    #[test]
    fn a_clock_that_is_ahead_makes_no_negative_age() {
        let mut one = entry(0, 1_000, 0);
        one.loaded_ms += 60_000;
        assert_eq!(one.age(), Duration::ZERO);
        assert_eq!(one.left(), Duration::from_secs(1));
    }

    #[test]
    fn the_nearer_the_end_and_the_dearer_the_load_the_likelier_is_an_early_one() {
        // A draw of 1/e makes the cost itself the limit.
        let draw = (-1.0_f64).exp();
        assert!(!entry(0, 10_000, 1_000).is_due(draw));
        assert!(entry(9_500, 10_000, 1_000).is_due(draw));
        assert!(!entry(9_500, 10_000, 10).is_due(draw));
        assert!(!entry(0, 10_000, 1_000).is_due(1.0));
    }
}
