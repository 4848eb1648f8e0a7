//! The trial by second: counts, and a small histogram for charts.

use std::ops::Range;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{bounds::second_histogram, encoded};
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

/// Most distributions of a trial, 11 KB each: in a longer trial, neighbouring seconds share one, so
/// that memory is bounded.
const MOST_DISTRIBUTIONS: u64 = 1_200;

/// Counts of one second.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct SecondSlot {
    /// Requests whose intended start lies in it.
    pub planned: u64,
    /// Requests that were done in it.
    pub completed: u64,
    /// Requests that were done in it and answered as they should.
    pub good: u64,
    /// Requests whose intended start lies in it and that failed, by the number of their outcome.
    pub failures: [u32; Outcome::ALL.len()],
}

impl SecondSlot {
    /// Requests whose intended start lies in it and that failed.
    pub fn failed(&self) -> u64 {
        self.failures.iter().copied().map(u64::from).sum()
    }
}

/// All seconds of a trial, the warm-up's and the drain's included.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ClientTimeline {
    slots: Vec<SecondSlot>,
    /// Response times of the successes that were intended in so many seconds each.
    #[serde(with = "encoded::seconds")]
    ok: Vec<Histogram<u32>>,
    seconds_each: usize,
}

impl ClientTimeline {
    /// Slots for everything up to `end`, made beforehand, with their pages in memory, so that recording
    /// allocates nothing.
    pub(super) fn up_to(window: &Window, end: Nanos) -> Self {
        let count = window.second(end) + 1;
        let seconds_each = count.div_ceil(MOST_DISTRIBUTIONS);
        let mut slots = Vec::with_capacity(count as usize);
        // A vector of zeros only promises them.
        slots.resize_with(count as usize, || {
            std::hint::black_box(SecondSlot::default())
        });
        Self {
            slots,
            ok: vec![second_histogram(); count.div_ceil(seconds_each) as usize],
            seconds_each: seconds_each as usize,
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
            slot.good += u64::from(sample.outcome == Outcome::Ok);
        }
        let second = window.second(sample.intended) as usize;
        if sample.outcome == Outcome::Ok {
            if let Some(ok) = self.ok.get_mut(second / self.seconds_each.max(1)) {
                // Beyond the highest value: counted as overflow by the operation's own data.
                let _beyond = ok.record(sample.response().0);
            }
        } else if let Some(slot) = self.slots.get_mut(second) {
            slot.failures[sample.outcome.index()] += 1;
        }
    }

    /// The response times, in nanoseconds, of the successes of a second, or of it and those that
    /// share its distribution.
    pub fn successes(&self, second: usize) -> Option<&Histogram<u32>> {
        self.ok.get(second / self.seconds_each.max(1))
    }

    /// The same of several seconds together, of whole distributions.
    pub fn pooled(&self, seconds: Range<usize>) -> Histogram<u32> {
        let each = self.seconds_each.max(1);
        let (from, to) = (seconds.start / each, seconds.end / each);
        let mut all = second_histogram();
        for one in self.ok.iter().take(to).skip(from) {
            all.add(one)
                .expect("all are made by second_histogram, with equal bounds");
        }
        all
    }

    /// How many seconds share a distribution.
    pub fn seconds_each(&self) -> usize {
        self.seconds_each.max(1)
    }

    /// Whether it has the same seconds as another one.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        let shape = |one: &Self| (one.slots.len(), one.ok.len(), one.seconds_each);
        shape(self) == shape(other)
    }

    /// Adds the seconds of another worker of the same trial.
    pub fn merge(&mut self, other: &Self) {
        if self.slots.is_empty() {
            self.clone_from(other);
            return;
        }
        for (mine, theirs) in self.slots.iter_mut().zip(&other.slots) {
            mine.planned += theirs.planned;
            mine.completed += theirs.completed;
            mine.good += theirs.good;
            for (mine, theirs) in mine.failures.iter_mut().zip(theirs.failures) {
                *mine += theirs;
            }
        }
        for (mine, theirs) in self.ok.iter_mut().zip(&other.ok) {
            mine.add(theirs)
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

    fn sample(at: Nanos, done: Nanos, outcome: Outcome) -> Sample {
        Sample {
            outcome,
            ..Sample::answered(at, done)
        }
    }

    #[test]
    fn failures_are_counted_by_outcome_in_the_second_in_which_they_should_have_started() {
        let window = Window {
            from: Nanos(0),
            to: Nanos::from_secs(10),
        };
        let mut timeline = ClientTimeline::up_to(&window, Nanos::from_secs(10));
        for outcome in [Outcome::Timeout, Outcome::Timeout, Outcome::Reset] {
            timeline.done(
                &window,
                &sample(Nanos::from_secs(2), Nanos::from_secs(7), outcome),
            );
        }
        let mut both = timeline.clone();
        both.merge(&timeline);
        let slots: Vec<&SecondSlot> = both.slots().map(|(_, slot)| slot).collect();
        assert_eq!((slots[2].failed(), slots[7].failed()), (6, 0));
        assert_eq!(slots[2].failures[Outcome::Timeout.index()], 4);
        assert_eq!(slots[2].failures[Outcome::Reset.index()], 2);
        assert_eq!((slots[2].completed, slots[7].completed), (0, 6));
        assert_eq!(slots[7].good, 0);
    }

    #[test]
    fn a_run_of_a_day_keeps_counts_by_second_and_a_bounded_number_of_distributions() {
        let day = Nanos::from_secs(86_400);
        let window = Window {
            from: Nanos(0),
            to: day,
        };
        let mut timeline = ClientTimeline::up_to(&window, day);
        assert!(timeline.ok.len() <= MOST_DISTRIBUTIONS as usize);
        let at = Nanos::from_secs(80_000);
        let done = Nanos(at.0 + 5_000_000);
        timeline.planned(&window, at);
        timeline.done(&window, &sample(at, done, Outcome::Ok));
        let mut both = ClientTimeline::default();
        both.merge(&timeline);
        both.merge(&timeline);
        let (second, slot) = both.slots().last().unwrap();
        assert_eq!((second, slot.planned, slot.completed), (80_000, 2, 2));
        assert_eq!(slot.good, 2);
        let successes = both.successes(second).unwrap();
        assert_eq!(successes.len(), 2);
        let median = successes.value_at_quantile(0.5) as f64;
        assert!((median / 5e6 - 1.0).abs() < 0.02, "{median}");
        assert!(both.successes(3).unwrap().is_empty());
        let each = both.seconds_each();
        let from = second / each * each;
        assert_eq!(both.pooled(from..from + each).len(), 2);
        assert_eq!(both.pooled(from - each..from).len(), 0);
    }
}
