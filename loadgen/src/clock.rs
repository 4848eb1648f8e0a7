//! The one clock of a trial: nanoseconds since its epoch, on the kernel's monotonic clock.

use std::{
    io,
    time::{Duration, Instant, SystemTime},
};

use crate::units::{NANOS_PER_SECOND, Nanos};

/// A monotonic clock with the epoch of a trial. Copies tell the same time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The epoch on `CLOCK_MONOTONIC`, in nanoseconds.
    epoch: u64,
    /// The same instant for timers.
    instant: Instant,
    /// The same instant for people.
    wall: SystemTime,
}

impl Clock {
    /// A clock whose epoch is now.
    pub fn start() -> Self {
        Self::start_in(Duration::ZERO)
    }

    /// A clock whose epoch lies `lead` ahead; until then it stands at 0.
    pub fn start_in(lead: Duration) -> Self {
        Self {
            epoch: monotonic().saturating_add(Nanos::from_duration(lead).0),
            instant: Instant::now() + lead,
            wall: SystemTime::now() + lead,
        }
    }

    /// Time since the epoch.
    pub fn now(&self) -> Nanos {
        Nanos(monotonic().saturating_sub(self.epoch))
    }

    /// A time of this clock for timers.
    pub fn instant(&self, at: Nanos) -> Instant {
        self.instant + at.duration()
    }

    /// The epoch in calendar time.
    pub fn epoch(&self) -> SystemTime {
        self.wall
    }

    /// Blocks this thread until `at`, or returns at once if that has passed. Sleeps against the
    /// absolute time, so that being scheduled late does not add up, and never spins.
    pub fn sleep_until(&self, at: Nanos) {
        let target = self.epoch.saturating_add(at.0);
        let until = libc::timespec {
            tv_sec: libc::time_t::try_from(target / NANOS_PER_SECOND).unwrap_or(libc::time_t::MAX),
            tv_nsec: (target % NANOS_PER_SECOND) as libc::c_long,
        };
        while self.now() < at {
            #[expect(unsafe_code, reason = "std offers no sleep until an absolute time")]
            // SAFETY: `until` is a valid timespec that outlives the call; the remainder may be null.
            let _interrupted = unsafe {
                libc::clock_nanosleep(
                    libc::CLOCK_MONOTONIC,
                    libc::TIMER_ABSTIME,
                    &raw const until,
                    std::ptr::null_mut(),
                )
            };
        }
    }
}

/// Lets the kernel wake this thread within a nanosecond of what it asked for, instead of the
/// 50 microseconds that it may add by default (`prctl(2)`, `PR_SET_TIMERSLACK`).
pub fn wake_this_thread_exactly() -> io::Result<()> {
    #[expect(unsafe_code, reason = "prctl has no safe wrapper in std")]
    // SAFETY: this option takes one integer and touches no memory of ours.
    let done = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1, 0, 0, 0) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Lets this thread run before ordinary ones as soon as it wakes; false where that is not
/// allowed (it takes `CAP_SYS_NICE`). Only for a thread that sleeps nearly always: on a machine
/// that the target keeps busy it would otherwise wake milliseconds late.
pub fn run_this_thread_first() -> bool {
    let lowest = libc::sched_param { sched_priority: 1 };
    #[expect(unsafe_code, reason = "std does not set scheduling policies")]
    // SAFETY: `lowest` is valid for the call; 0 is the calling thread.
    unsafe {
        libc::sched_setscheduler(0, libc::SCHED_RR, &raw const lowest) == 0
    }
}

/// The kernel's monotonic clock. `Instant` reads the same one, but cannot be turned into the
/// absolute time that `clock_nanosleep` wants.
fn monotonic() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    #[expect(
        unsafe_code,
        reason = "std does not reveal the number inside an Instant"
    )]
    // SAFETY: `now` is a valid timespec to write to; the clock exists on every Linux.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now);
    }
    now.tv_sec as u64 * NANOS_PER_SECOND + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_forward_from_the_epoch() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert!(first < Nanos::from_secs(1));
    }

    #[test]
    fn a_clock_that_starts_later_stands_at_zero_until_then() {
        let clock = Clock::start_in(Duration::from_hours(1));
        assert_eq!(clock.now(), Nanos(0));
    }

    #[test]
    fn sleeping_ends_at_the_absolute_time_and_never_before() {
        wake_this_thread_exactly().unwrap();
        let clock = Clock::start();
        for at in [5, 8, 8, 3] {
            let at = Nanos::from_millis(at);
            clock.sleep_until(at);
            assert!(clock.now() >= at);
        }
        assert!(clock.now() < Nanos::from_millis(500), "{:?}", clock.now());
    }
}
