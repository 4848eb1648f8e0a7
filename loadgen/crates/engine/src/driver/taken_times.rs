//! When measured arrivals were due and when a worker took them: the newest, in memory that is
//! there from the beginning, so that a long run does not grow by them.

use crate::units::Nanos;

/// Most arrivals that are kept: enough to compare two distributions to a hundredth.
const KEPT: usize = 20_000;

/// Intended start and time at which it was taken, of the newest arrivals.
pub(super) struct TakenTimes {
    ring: Box<[(Nanos, Nanos)]>,
    taken: usize,
}

impl TakenTimes {
    pub(super) fn new() -> Self {
        // Another value than zero, so that the system provides the memory now.
        let unused = Nanos(u64::MAX);
        Self {
            ring: vec![(unused, unused); KEPT].into_boxed_slice(),
            taken: 0,
        }
    }

    /// Keeps one in the place of the oldest.
    pub(super) fn push(&mut self, intended: Nanos, taken: Nanos) {
        self.ring[self.taken % KEPT] = (intended, taken);
        self.taken += 1;
    }

    /// Those that are kept, in the order in which they were taken.
    pub(super) fn in_order(&self) -> Vec<(Nanos, Nanos)> {
        let (newer, older) = self.ring.split_at(self.taken % KEPT);
        match self.taken {
            ..KEPT => newer.to_vec(),
            _ => [older, newer].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_in_order() {
        let mut times = TakenTimes::new();
        assert!(times.in_order().is_empty());
        let one = |at: usize| (Nanos(at as u64), Nanos(at as u64 + 5));
        for at in 0..3 * KEPT + 7 {
            if at == 9 || at == KEPT {
                let first: Vec<_> = (0..at).map(one).collect();
                assert_eq!(times.in_order(), first, "after {at}");
            }
            times.push(one(at).0, one(at).1);
        }
        let newest: Vec<_> = (2 * KEPT + 7..3 * KEPT + 7).map(one).collect();
        assert_eq!(times.in_order(), newest);
    }
}
