//! The course of a trial by the second: counts, and a small histogram for charts.

use hdrhistogram::Histogram;

use super::bounds::second_histogram;
use crate::{
    sample::{Outcome, Sample},
    units::{NANOS_PER_SECOND, Nanos},
};

/// The measured window, and the seconds counted from its begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub from: Nanos,
    /// The first instant after it.
    pub to: Nanos,
}

impl Window {
    /// Whether a request with this intended start is measured.
    pub const fn contains(&self, intended: Nanos) -> bool {
        self.from.0 <= intended.0 && intended.0 < self.to.0
    }

    /// How many seconds, the first perhaps not a whole one, come before the window.
    pub const fn warm_up_seconds(&self) -> u64 {
        self.from.0.div_ceil(NANOS_PER_SECOND)
    }

    /// Number of the second that an instant lies in, from 0; the window begins with a new one.
    const fn second(&self, at: Nanos) -> u64 {
        // Whole seconds before the window are added first, so nothing goes below zero.
        (at.0 + self.warm_up_seconds() * NANOS_PER_SECOND).saturating_sub(self.from.0)
            / NANOS_PER_SECOND
    }
}

/// One second.
#[derive(Debug, Clone)]
pub struct SecondSlot {
    /// Requests whose intended start lies in it.
    pub planned: u64,
    /// Requests that were done in it.
    pub completed: u64,
    /// Requests whose intended start lies in it and that failed.
    pub failed: u64,
    /// Response times of the successes that were intended in it.
    ok: Histogram<u32>,
}

impl Default for SecondSlot {
    fn default() -> Self {
        Self {
            planned: 0,
            completed: 0,
            failed: 0,
            ok: second_histogram(),
        }
    }
}

impl SecondSlot {
    /// A percentile of its successes in nanoseconds; `None` where it has none.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        (!self.ok.is_empty()).then(|| self.ok.value_at_quantile(share))
    }
}

/// All seconds of a trial, the warm-up's and the drain's included.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    slots: Vec<SecondSlot>,
}

impl Timeline {
    /// Slots for everything up to `end`, made beforehand so that recording allocates nothing.
    pub(super) fn up_to(window: &Window, end: Nanos) -> Self {
        let count = window.second(end) as usize + 1;
        Self {
            slots: vec![SecondSlot::default(); count],
        }
    }

    pub(super) fn planned(&mut self, window: &Window, intended: Nanos) {
        if let Some(slot) = self.slots.get_mut(window.second(intended) as usize) {
            slot.planned += 1;
        }
    }

    pub(super) fn done(&mut self, window: &Window, sample: &Sample) {
        if let Some(slot) = self.slots.get_mut(window.second(sample.done) as usize) {
            slot.completed += 1;
        }
        if let Some(slot) = self.slots.get_mut(window.second(sample.intended) as usize) {
            if sample.outcome == Outcome::Ok {
                // Beyond the highest value: counted as overflow by the operation's own data.
                let _beyond = slot.ok.record(sample.response().0);
            } else {
                slot.failed += 1;
            }
        }
    }

    /// Adds another worker's seconds.
    pub fn merge(&mut self, other: &Self) {
        if self.slots.len() < other.slots.len() {
            self.slots
                .resize_with(other.slots.len(), SecondSlot::default);
        }
        for (mine, theirs) in self.slots.iter_mut().zip(&other.slots) {
            mine.planned += theirs.planned;
            mine.completed += theirs.completed;
            mine.failed += theirs.failed;
            mine.ok
                .add(&theirs.ok)
                .expect("all are made by second_histogram, with equal bounds");
        }
    }

    /// Every second with its number, up to the last in which anything happened.
    pub fn slots(&self) -> impl Iterator<Item = (usize, &SecondSlot)> {
        let used = self
            .slots
            .iter()
            .rposition(|slot| slot.planned + slot.completed > 0)
            .map_or(0, |last| last + 1);
        self.slots[..used].iter().enumerate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_begins_with_a_new_second_even_after_a_broken_warm_up() {
        let window = Window {
            from: Nanos::from_millis(1_500),
            to: Nanos::from_millis(4_500),
        };
        let second = |ms| window.second(Nanos::from_millis(ms));
        assert_eq!(window.warm_up_seconds(), 2);
        assert_eq!([second(0), second(499), second(500)], [0, 0, 1]);
        assert_eq!([second(1_499), second(1_500), second(2_499)], [1, 2, 2]);
        assert!(window.contains(Nanos::from_millis(1_500)));
        assert!(!window.contains(Nanos::from_millis(4_500)));
    }
}
