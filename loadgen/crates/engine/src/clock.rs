//! The one clock of a trial: nanoseconds since its epoch, on the kernel's monotonic clock.

use std::{
    num::NonZeroU64,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    io,
    thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack},
    time::{Timespec, clock_gettime},
};

use crate::units::{NANOS_PER_SECOND, Nanos};

/// A monotonic clock that starts at the epoch of a trial. Copies share the epoch.
#[derive(Debug, Clone, Copy)]
pub struct TrialClock {
    /// The epoch on `CLOCK_MONOTONIC`, in nanoseconds.
    epoch: u64,
    /// The epoch for timers.
    instant: Instant,
    /// The epoch in calendar time.
    wall: SystemTime,
}

impl TrialClock {
    /// A clock whose epoch is now.
    pub fn start() -> Self {
        Self::start_in(Duration::ZERO)
    }

    /// A clock whose epoch is `lead` in the future; until then it reads 0.
    pub fn start_in(lead: Duration) -> Self {
        Self {
            epoch: monotonic().saturating_add(Nanos::from_duration(lead).0),
            instant: Instant::now() + lead,
            wall: time_of_day() + lead,
        }
    }

    /// Time since the epoch.
    pub fn now(&self) -> Nanos {
        Nanos(monotonic().saturating_sub(self.epoch))
    }

    /// A time of this clock as an `Instant`, for timers.
    pub fn instant(&self, at: Nanos) -> Instant {
        self.instant + at.duration()
    }

    /// The epoch in calendar time.
    pub fn epoch(&self) -> SystemTime {
        self.wall
    }

    /// Blocks this thread until `at`, or returns at once if that has passed. Sleeps until the
    /// absolute time, so that late wake-ups do not add up, and never spins.
    pub fn sleep_until(&self, at: Nanos) {
        let target = self.epoch.saturating_add(at.0);
        let until = Timespec {
            tv_sec: i64::try_from(target / NANOS_PER_SECOND).unwrap_or(i64::MAX),
            tv_nsec: (target % NANOS_PER_SECOND) as _,
        };
        while self.now() < at {
            // A signal ends the sleep early; the loop then sleeps on.
            let _interrupted = clock_nanosleep_absolute(ClockId::Monotonic, &until);
        }
    }
}

/// Lets the kernel wake this thread within a nanosecond of the requested time, instead of the
/// 50 microseconds that it may add by default (`prctl(2)`, `PR_SET_TIMERSLACK`).
pub fn wake_this_thread_exactly() -> io::Result<()> {
    set_current_timer_slack(Some(NonZeroU64::MIN))
}

/// The time of day: for names, stamps and calendars; never for a duration that is measured.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place from which the load generator takes the time of day"
)]
pub fn time_of_day() -> SystemTime {
    SystemTime::now()
}

/// The kernel's monotonic clock, in nanoseconds. `Instant` reads the same clock, but cannot be
/// converted to the absolute time that `clock_nanosleep` needs. rustix reads it through the vDSO,
/// as fast as libc does: it is read several times for each request.
fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * NANOS_PER_SECOND + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_forward_from_the_epoch() {
        let clock = TrialClock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert!(first < Nanos::from_secs(60));
    }

    #[test]
    fn a_clock_that_starts_later_reads_zero_until_then() {
        let clock = TrialClock::start_in(Duration::from_hours(1));
        assert_eq!(clock.now(), Nanos(0));
    }

    #[test]
    fn sleeping_ends_at_the_absolute_time_and_never_before() {
        wake_this_thread_exactly().unwrap();
        // Other programs may make any one try late.
        let mut ends: Vec<Nanos> = Vec::new();
        let in_time = |ends: &[Nanos]| ends.iter().any(|end| *end < Nanos::from_millis(500));
        while ends.len() < 20 && !in_time(&ends) {
            let clock = TrialClock::start();
            for at in [5, 8, 8, 3] {
                let at = Nanos::from_millis(at);
                clock.sleep_until(at);
                assert!(clock.now() >= at);
            }
            ends.push(clock.now());
        }
        assert!(in_time(&ends), "{ends:?}");
    }
}
