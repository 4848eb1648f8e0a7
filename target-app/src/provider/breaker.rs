//! A circuit breaker: after failures in a row nothing is asked for a while, then one call tries.
//!
//! The three states of Nygard, "Release It!" (2007): without it every request would wait for its
//! deadline, and a provider that comes back would meet all of them at once.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open before one call tries.
const OPEN_FOR: Duration = Duration::from_secs(2);

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Every call is made.
    Closed,
    /// One call is made, to see: the next one, or one that is under way.
    HalfOpen,
    /// No call is made.
    Open,
}

impl BreakerState {
    /// The state as a metric: 0, 1 or 2.
    pub const fn level(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

/// Decides whether a call is made.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<BreakerCount>);

#[derive(Debug, Default)]
struct BreakerCount {
    failures: u32,
    /// Until when no call is made; then one is.
    open_until: Option<Instant>,
    trying: bool,
}

impl BreakerCount {
    fn state(&self, now: Instant) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if self.trying || now >= until => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }
}

impl Breaker {
    /// Admits a call, or says how long to wait; whoever is admitted reports how it went.
    pub fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = count.open_until else {
            return Ok(());
        };
        if now < until {
            return Err(until - now);
        }
        // The next one waits as long again: this call may never report.
        count.open_until = Some(now + OPEN_FOR);
        count.trying = true;
        Ok(())
    }

    /// A call was answered: the breaker is closed.
    pub fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = BreakerCount::default();
    }

    /// A call failed.
    pub fn failed(&self, now: Instant) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.failures = count.failures.saturating_add(1);
        if count.trying || count.failures >= FAILURES {
            count.open_until = Some(now + OPEN_FOR);
            count.trying = false;
        }
    }

    /// Where it stands.
    pub fn state(&self, now: Instant) -> BreakerState {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES {
            breaker.admit(now).unwrap();
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let now = Instant::now();
        let breaker = Breaker::default();
        for _ in 0..3 {
            for _ in 1..FAILURES {
                breaker.failed(now);
            }
            breaker.succeeded();
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
        assert_eq!(broken(now).admit(now), Err(OPEN_FOR));
    }

    #[test]
    fn after_a_while_one_call_tries_and_decides_for_the_others() {
        let now = Instant::now();
        let later = now + OPEN_FOR;
        for worked in [true, false] {
            let breaker = broken(now);
            assert_eq!(breaker.state(now), BreakerState::Open);
            assert_eq!(breaker.state(later), BreakerState::HalfOpen);
            breaker.admit(later).unwrap();
            assert_eq!(breaker.state(later), BreakerState::HalfOpen);
            assert!(breaker.admit(later).is_err(), "only one call tries");
            if worked {
                breaker.succeeded();
                assert_eq!(breaker.state(later), BreakerState::Closed);
                assert_eq!(breaker.admit(later), Ok(()));
            } else {
                breaker.failed(later);
                assert_eq!(breaker.state(later), BreakerState::Open);
                assert_eq!(breaker.admit(later), Err(OPEN_FOR));
            }
        }
    }

    #[test]
    fn a_call_that_never_reports_does_not_keep_it_open_for_ever() {
        let now = Instant::now();
        let breaker = broken(now);
        breaker.admit(now + OPEN_FOR).unwrap();
        assert_eq!(breaker.admit(now + 2 * OPEN_FOR), Ok(()));
    }
}
