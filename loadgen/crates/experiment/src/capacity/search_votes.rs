//! What the trials of one load say together.

use crate::schema::LoadVote;

/// Trials that fail on the generator's side, at one load, before the load is beyond the generator.
pub(super) const GENERATOR_FAILURES: u32 = 2;

/// The side of the capacity on which a load lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadSide {
    /// It meets the SLO.
    Below,
    /// It misses it, or the generator cannot send it.
    Above,
    /// Its trials had too few requests to tell: it is neither bound.
    Undecided,
}

/// What fresh trials say of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreement {
    /// Enough of them say the same.
    Yes,
    /// Too many say the opposite.
    No,
    /// Neither: some had too few requests to tell.
    Undecided,
}

/// Votes of the trials that search, without the fresh ones.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LoadVotes {
    met: u32,
    missed: u32,
    undecided: u32,
    invalid: u32,
}

impl LoadVotes {
    /// Counts one more. A trial that is INVALID after its repetition says that the generator cannot send
    /// the load.
    pub(super) fn add(&mut self, vote: LoadVote) {
        match vote {
            LoadVote::Met => self.met += 1,
            LoadVote::Missed => self.missed += 1,
            LoadVote::Undecided => self.undecided += 1,
            LoadVote::Invalid => self.invalid += GENERATOR_FAILURES,
        }
    }

    /// The side by the majority of `needed` votes; `None` while the others could change it. A load that
    /// the generator cannot send bounds the search as one that misses the SLO does. An undecided vote is
    /// for neither side: a load without a majority for one of them is undecided.
    pub(super) fn side(self, needed: u32) -> Option<LoadSide> {
        if self.invalid >= GENERATOR_FAILURES {
            return Some(LoadSide::Above);
        }
        let cast = self.met + self.missed + self.undecided;
        let whole = needed.max(cast);
        let open = whole - cast;
        let is_below = |met: u32| 2 * met >= whole;
        let is_above = |missed: u32| 2 * missed > whole;
        if is_below(self.met) {
            Some(LoadSide::Below)
        } else if is_above(self.missed) {
            Some(LoadSide::Above)
        } else if !is_below(self.met + open) && !is_above(self.missed + open) {
            Some(LoadSide::Undecided)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(votes: &str, needed: u32) -> Option<LoadSide> {
        let mut all = LoadVotes::default();
        for one in votes.chars() {
            all.add(match one {
                '+' => LoadVote::Met,
                '-' => LoadVote::Missed,
                '?' => LoadVote::Undecided,
                _ => LoadVote::Invalid,
            });
        }
        all.side(needed)
    }

    #[test]
    fn the_majority_decides_and_undecided_votes_are_for_neither_side() {
        use LoadSide::{Above, Below, Undecided};
        for (votes, needed, expected) in [
            ("", 1, None),
            ("+", 1, Some(Below)),
            ("-", 1, Some(Above)),
            ("?", 1, Some(Undecided)),
            ("+", 3, None),
            ("++", 3, Some(Below)),
            ("--", 3, Some(Above)),
            ("+-", 3, None),
            ("+-?", 3, Some(Undecided)),
            ("?", 3, None),
            ("??", 3, Some(Undecided)),
            ("?--", 3, Some(Above)),
            ("?++", 3, Some(Below)),
            // Half of an even number is enough for the lower side alone.
            ("+-", 1, Some(Below)),
            ("?-", 1, Some(Undecided)),
            ("+++????", 7, Some(Undecided)),
            ("+++----", 7, Some(Above)),
            ("!", 1, Some(Above)),
        ] {
            assert_eq!(side(votes, needed), expected, "`{votes}` of {needed}");
        }
    }
}
