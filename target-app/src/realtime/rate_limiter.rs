//! A token bucket for the frames of one socket: a faster client waits, none is disconnected.

use std::time::Duration;

use tokio::time::Instant;

/// Admits a steady rate with a burst of one second's worth.
#[derive(Debug)]
pub(super) struct RateLimiter {
    /// Time that one admission costs.
    each: Duration,
    /// Largest credit.
    burst: Duration,
    /// The instant at which the credit was, or will be, zero.
    zero_at: Instant,
}

impl RateLimiter {
    /// At most `per_second` admissions a second over any longer span; zero counts as one.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let burst = Duration::from_secs(1);
        Self {
            each: burst / per_second.max(1),
            burst,
            zero_at: now.checked_sub(burst).unwrap_or(now),
        }
    }

    /// The instant from which the next admission is free; in the past when it is free now.
    pub(super) fn ready_at(&self) -> Instant {
        self.zero_at + self.each
    }

    /// Uses one admission up.
    pub(super) fn take(&mut self, now: Instant) {
        // Credit older than the burst is forgotten.
        let floor = now.checked_sub(self.burst).unwrap_or(now);
        self.zero_at = self.zero_at.max(floor) + self.each;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Admissions within `span` by a client that asks whenever it is free.
    fn admitted(limiter: &mut RateLimiter, from: Instant, span: Duration) -> usize {
        let mut now = from;
        let mut count = 0;
        loop {
            now = now.max(limiter.ready_at());
            if now > from + span {
                return count;
            }
            limiter.take(now);
            count += 1;
        }
    }

    #[test]
    fn a_steady_client_gets_the_rate_and_one_burst() {
        let start = Instant::now() + Duration::from_secs(100);
        let mut limiter = RateLimiter::new(200, start);
        assert_eq!(admitted(&mut limiter, start, Duration::ZERO), 200);
        let start = start + Duration::from_hours(1);
        assert_eq!(admitted(&mut limiter, start, Duration::from_secs(9)), 2_000);
    }

    #[test]
    fn a_long_silence_earns_no_more_than_one_burst() {
        let start = Instant::now() + Duration::from_secs(100);
        let mut limiter = RateLimiter::new(10, start);
        let later = start + Duration::from_secs(1_000);
        assert_eq!(admitted(&mut limiter, later, Duration::ZERO), 10);
        assert!(limiter.ready_at() > later);
    }
}
