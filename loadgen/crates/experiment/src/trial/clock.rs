//! How long a command still takes, from what its own trials took so far: load, set-up, sign-in and
//! audit together.

use std::time::{Duration, Instant};

/// Where a trial stands in its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandProgress {
    /// Time since the command's first trial began.
    elapsed: Duration,
    /// Expected time of all trials.
    total: Duration,
    /// Longest time of all trials, where the command was given one.
    most: Option<Duration>,
    /// Trials that are left, this one included.
    left: u32,
    /// Whether `total` counts what takes time besides load.
    complete: bool,
}

impl CommandProgress {
    /// The only trial of a command, with that much load.
    pub const fn single(load: Duration) -> Self {
        Self {
            elapsed: Duration::ZERO,
            total: load,
            most: None,
            left: 1,
            complete: false,
        }
    }

    /// The same once the load of the trial begins, `setup` after the trial. Without an earlier
    /// trial this set-up stands for those that follow; with nothing to come after the load of the
    /// last trial, everything is known.
    #[must_use]
    pub(super) fn at_load(self, setup: Duration, nothing_after: bool) -> Self {
        Self {
            elapsed: self.elapsed + setup,
            total: if self.complete {
                self.total
            } else {
                self.total + setup * self.left
            },
            complete: self.complete || nothing_after,
            ..self
        }
    }

    /// Time since the command's first trial began.
    pub(super) const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Expected time of all trials.
    pub(super) fn total(&self) -> Duration {
        self.most.map_or(self.total, |most| self.total.min(most))
    }

    /// Whether `total` counts what takes time besides load.
    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }
}

/// Measures the trials of a command.
#[derive(Debug, Clone)]
pub struct CommandClock {
    began: Instant,
    /// Trials that ended, and the time that they took.
    ended: u32,
    took: Duration,
    /// Trials that are left.
    left: u32,
    /// Longest time of all trials, where there is one.
    most: Option<Duration>,
}

impl CommandClock {
    /// Starts before the first of `trials`.
    pub fn start(trials: u32) -> Self {
        Self {
            began: Instant::now(),
            ended: 0,
            took: Duration::ZERO,
            left: trials,
            most: None,
        }
    }

    /// Ends after so long, however many trials are left then.
    #[must_use]
    pub const fn within(mut self, most: Option<Duration>) -> Self {
        self.most = most;
        self
    }

    /// So many trials more than planned: some are repeated.
    pub const fn add_trials(&mut self, trials: u32) {
        self.left += trials;
    }

    /// Where the next trial stands, which has that much load.
    pub fn course(&self, load: Duration) -> CommandProgress {
        self.course_at(load, self.began.elapsed())
    }

    fn course_at(&self, load: Duration, elapsed: Duration) -> CommandProgress {
        let left = self.left.max(1);
        let one = self.took.checked_div(self.ended).unwrap_or(load);
        CommandProgress {
            elapsed,
            total: elapsed + one.max(load) * left,
            // The trial that runs is not cut short.
            most: self.most.map(|most| most.max(elapsed + load)),
            left,
            complete: self.ended > 0,
        }
    }

    /// A trial has ended, after that time.
    pub fn trial_ended(&mut self, took: Duration) {
        self.ended += 1;
        self.took += took;
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_trial_counts_its_own_set_up_for_all_and_is_a_lower_bound() {
        let clock = CommandClock::start(12);
        let course = clock.course_at(s(10), s(0)).at_load(s(4), false);
        assert_eq!((course.elapsed(), course.total()), (s(4), s(12 * 14)));
        assert!(!course.is_complete());
        assert!(
            CommandProgress::single(s(10))
                .at_load(s(0), true)
                .is_complete()
        );
    }

    #[test]
    fn a_command_with_a_budget_is_never_said_to_take_longer() {
        let mut clock = CommandClock::start(30).within(Some(s(360)));
        let course = clock.course_at(s(15), s(0)).at_load(s(4), false);
        assert_eq!(course.total(), s(360));
        clock.trial_ended(s(20));
        assert_eq!(clock.course_at(s(15), s(350)).total(), s(365));
        assert_eq!(
            CommandClock::start(2)
                .within(Some(s(360)))
                .course_at(s(15), s(0))
                .total(),
            s(30)
        );
    }

    #[test]
    fn later_trials_are_expected_to_take_what_the_earlier_ones_took_and_repeats_count() {
        let mut clock = CommandClock::start(12);
        clock.trial_ended(s(20));
        clock.trial_ended(s(22));
        let course = clock.course_at(s(10), s(42)).at_load(s(4), false);
        assert_eq!((course.elapsed(), course.total()), (s(46), s(42 + 10 * 21)));
        assert!(course.is_complete());
        clock.add_trials(2);
        assert_eq!(clock.course_at(s(10), s(42)).total(), s(42 + 12 * 21));
    }
}
