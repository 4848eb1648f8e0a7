//! The clock of this process against that of Redis: what lets processes on several machines begin at one
//! instant.
//!
//! Cristian's algorithm: Redis read its clock at some moment between the question and the answer, so that
//! the middle is wrong by half of the round trip at most. Of several round trips the shortest counts.

use std::time::{Duration, Instant};

use super::{error::CoordinationError, link::RedisLink};
use loadgen_engine::clock::time_of_day;

/// Round trips of one reading.
const ROUND_TRIPS: usize = 9;

/// One reading of the clock of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockReading {
    /// An instant of this process.
    at: Instant,
    /// What Redis's clock read then, in microseconds since 1970.
    redis_us: i64,
    /// By how much that may be wrong, either way.
    pub(super) uncertainty: Duration,
}

impl ClockReading {
    /// Asks for the time several times.
    pub(super) async fn take(link: &RedisLink) -> Result<Self, CoordinationError> {
        let mut trips = Vec::with_capacity(ROUND_TRIPS);
        for _ in 0..ROUND_TRIPS {
            let asked = Instant::now();
            let redis_us = link.time_us().await?;
            trips.push((asked, redis_us, Instant::now()));
        }
        Self::best(&trips)
            .ok_or_else(|| CoordinationError::Lost("the time of Redis was not read".to_owned()))
    }

    /// The reading of the shortest round trip.
    fn best(trips: &[(Instant, i64, Instant)]) -> Option<Self> {
        let (asked, redis_us, answered) = trips
            .iter()
            .min_by_key(|(asked, _, answered)| answered.saturating_duration_since(*asked))?;
        let half = answered.saturating_duration_since(*asked) / 2;
        Some(Self {
            at: *asked + half,
            redis_us: *redis_us,
            uncertainty: half,
        })
    }

    /// When Redis's clock reads `redis_us`, as an instant of this process; `None` beyond what an instant
    /// can be.
    pub(super) fn instant(&self, redis_us: i64) -> Option<Instant> {
        let distance = redis_us.checked_sub(self.redis_us)?;
        let span = Duration::from_micros(distance.unsigned_abs());
        if distance < 0 {
            self.at.checked_sub(span)
        } else {
            self.at.checked_add(span)
        }
    }

    /// What Redis's clock reads at an instant of this process, in microseconds since 1970.
    pub(super) fn redis_us(&self, at: Instant) -> i64 {
        let us = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        match at.checked_duration_since(self.at) {
            Some(later) => self.redis_us.saturating_add(us(later)),
            None => self
                .redis_us
                .saturating_sub(us(self.at.saturating_duration_since(at))),
        }
    }

    /// By how many microseconds the time of day of this machine is ahead of Redis's.
    pub(super) fn ahead_us(&self) -> i64 {
        let now = Instant::now();
        let since_1970 = time_of_day().duration_since(std::time::UNIX_EPOCH);
        let own = since_1970.map_or(0, |span| {
            i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
        });
        own.saturating_sub(self.redis_us(now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shortest_round_trip_counts_and_says_how_wrong_it_may_be() {
        let zero = Instant::now();
        let ms = Duration::from_millis;
        let trips = [
            (zero, 1_000_000, zero + ms(40)),
            (zero + ms(50), 1_060_000, zero + ms(54)),
            (zero + ms(60), 1_068_000, zero + ms(90)),
        ];
        let reading = ClockReading::best(&trips).unwrap();
        assert_eq!(reading.uncertainty, ms(2));
        // Redis read 1.060 s at 52 ms.
        assert_eq!(reading.instant(1_100_000), Some(zero + ms(92)));
        assert_eq!(reading.instant(1_040_000), Some(zero + ms(32)));
        assert_eq!(ClockReading::best(&[]), None);
    }

    proptest! {
        #[test]
        fn an_instant_and_the_time_of_redis_are_two_names_of_one_moment(
            redis_us in 1_000_000_000_i64..4_000_000_000_000_000,
            distance in -1_000_000_000_i64..1_000_000_000_000,
        ) {
            // A machine may have been up for a second only.
            let at = Instant::now() + Duration::from_hours(1);
            let reading = ClockReading { at, redis_us, uncertainty: Duration::ZERO };
            let instant = reading.instant(redis_us + distance).unwrap();
            prop_assert_eq!(reading.redis_us(instant), redis_us + distance);
        }

        #[test]
        fn two_machines_begin_within_the_sum_of_their_uncertainties(
            skew_us in -5_000_000_i64..5_000_000,
            there_us in (1_u64..20_000, 1_u64..20_000),
            back_us in (1_u64..20_000, 1_u64..20_000),
        ) {
            // True time is that of `zero`; Redis is off by the skew, and the ways are not equally long.
            let zero = Instant::now() + Duration::from_hours(1);
            let reading = |asked_us: u64, there: u64, back: u64| {
                let asked = zero + Duration::from_micros(asked_us);
                let redis_us = (asked_us + there) as i64 + skew_us;
                let answered = asked + Duration::from_micros(there + back);
                ClockReading::best(&[(asked, redis_us, answered)]).unwrap()
            };
            let one = reading(1_000, there_us.0, back_us.0);
            let other = reading(90_000, there_us.1, back_us.1);
            let start = 10_000_000 + skew_us;
            let (a, b) = (one.instant(start).unwrap(), other.instant(start).unwrap());
            let apart = a.max(b) - a.min(b);
            prop_assert!(apart <= one.uncertainty + other.uncertainty + Duration::from_micros(1));
        }
    }
}
