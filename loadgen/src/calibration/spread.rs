//! Figures of several rounds, and the order of what is measured in them.

use serde::Serialize;

use loadgen_stats::median;

/// Median, smallest and largest of the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct RoundSpread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
    pub rounds: usize,
}

impl RoundSpread {
    /// Of one figure a round; `None` of none.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        Some(Self {
            median: median(rounds)?,
            least: rounds.iter().copied().fold(f64::INFINITY, f64::min),
            most: rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            rounds: rounds.len(),
        })
    }
}

/// The turns of a round: another one is first in each, so that none always runs first.
pub(super) fn turns(round: u32, all: usize) -> impl Iterator<Item = usize> {
    (0..all).map(move |turn| (turn + round as usize) % all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_median_least_and_most() {
        let spread = RoundSpread::of(&[0.5, 0.9, 0.6]).unwrap();
        let of = (spread.median, spread.least, spread.most, spread.rounds);
        assert_eq!(of, (0.6, 0.5, 0.9, 3));
        assert_eq!(RoundSpread::of(&[]), None);
    }

    #[test]
    fn each_round_has_every_turn_once_and_begins_with_another() {
        let first: Vec<usize> = turns(0, 3).collect();
        let second: Vec<usize> = turns(1, 3).collect();
        assert_eq!((first, second), (vec![0, 1, 2], vec![1, 2, 0]));
        assert_eq!(turns(7, 1).collect::<Vec<_>>(), [0]);
    }
}
