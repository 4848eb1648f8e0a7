//! Who has written what the replica may not have yet.
//!
//! Nobody asks for the position of a commit, which would cost a round trip in each write. Instead the
//! primary is asked for its position all the time, and the replica whether it has reached it: then it
//! has every commit that had ended before the primary was asked. So the time of a person's last write
//! is enough to tell whether the replica has it.

use std::{collections::HashMap, time::Instant};

use uuid::Uuid;

/// Most people whose last write is kept. With more of them at once, all are taken for one who wrote.
const MAX_WRITERS: usize = 65_536;

/// The last writes that may be missing.
#[derive(Debug, Default)]
pub(super) struct OwnWrites {
    /// When each person wrote last.
    last: HashMap<Uuid, Instant>,
    /// When somebody wrote for whom there was no place.
    anybody: Option<Instant>,
    /// The replica has what had been committed before.
    horizon: Option<Instant>,
}

impl OwnWrites {
    /// Remembers a write that ended at that time.
    pub(super) fn note(&mut self, person: Uuid, at: Instant) {
        if self.last.len() >= MAX_WRITERS && !self.last.contains_key(&person) {
            self.last.clear();
            self.anybody = Some(at);
            return;
        }
        let last = self.last.entry(person).or_insert(at);
        *last = at.max(*last);
    }

    /// The replica has what had been committed before that time.
    pub(super) fn advance(&mut self, horizon: Instant) {
        self.horizon = Some(horizon);
        self.last.retain(|_, at| *at >= horizon);
        self.anybody = self.anybody.filter(|at| *at >= horizon);
    }

    /// Whether the replica has all that this person wrote; of nobody in particular, it has.
    pub(super) fn are_there(&self, person: Option<Uuid>) -> bool {
        let Some(person) = person else {
            return true;
        };
        let missing = |at: &Instant| self.horizon.is_none_or(|horizon| *at >= horizon);
        !self.anybody.as_ref().is_some_and(missing) && !self.last.get(&person).is_some_and(missing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TICK: Duration = Duration::from_millis(50);

    #[test]
    fn a_write_is_missing_until_the_replica_has_what_was_committed_after_it() {
        let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let begin = Instant::now();
        let mut writes = OwnWrites::default();
        assert!(writes.are_there(Some(ann)), "nothing was written");
        writes.note(ann, begin + TICK);
        assert!(!writes.are_there(Some(ann)), "the replica was never seen");
        assert!(writes.are_there(Some(bob)) && writes.are_there(None));
        writes.advance(begin);
        assert!(!writes.are_there(Some(ann)));
        // Asked at the very time of the write, the primary may have been asked before it.
        writes.advance(begin + TICK);
        assert!(!writes.are_there(Some(ann)));
        writes.advance(begin + 2 * TICK);
        assert!(writes.are_there(Some(ann)));
        assert!(writes.last.is_empty());
    }

    #[test]
    fn the_later_of_two_writes_counts_in_whichever_order_they_are_noted() {
        let ann = Uuid::from_u128(1);
        let begin = Instant::now();
        let mut writes = OwnWrites::default();
        writes.note(ann, begin + 2 * TICK);
        writes.note(ann, begin);
        writes.advance(begin + TICK);
        assert!(!writes.are_there(Some(ann)));
    }

    #[test]
    fn with_more_writers_than_places_everybody_counts_as_one_until_all_is_there() {
        let begin = Instant::now();
        let mut writes = OwnWrites::default();
        for person in 0..=MAX_WRITERS as u128 {
            writes.note(Uuid::from_u128(person), begin);
        }
        assert!(writes.last.len() <= MAX_WRITERS);
        let (first, stranger) = (Uuid::from_u128(0), Uuid::max());
        assert!(!writes.are_there(Some(first)) && !writes.are_there(Some(stranger)));
        writes.advance(begin + TICK);
        assert!(writes.are_there(Some(first)) && writes.are_there(Some(stranger)));
    }
}
