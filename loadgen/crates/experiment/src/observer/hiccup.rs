//! A thread that does nothing but sleep for a millisecond at a time. When it wakes late, so did
//! everything on this machine (the idea of jHiccup).

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::SystemTime,
};

use loadgen_engine::{
    clock,
    clock::TrialClock,
    precedence::{self, ThreadPrecedence, ThreadRole},
    units::Nanos,
};

/// How long it sleeps.
const STEP: Nanos = Nanos::from_millis(1);
/// Seconds that are kept: a day, the longest load there is, and a little.
const MOST_SECONDS: usize = 90_000;
/// Steps for each doubling of a delay: a bucket is about a fifth wide.
const STEPS: u32 = 4;
/// Enough doublings of a microsecond for an hour.
const BUCKETS: usize = 128;

/// One second's wake-ups, by how late they were.
#[derive(Debug, Clone)]
struct Slot {
    buckets: [u16; BUCKETS],
    longest: Nanos,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            buckets: [0; BUCKETS],
            longest: Nanos(0),
        }
    }
}

/// How late the wake-ups of a span were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hiccups {
    /// Number of wake-ups.
    pub count: u64,
    /// 99.9 % were not later than this (to a fifth, upwards).
    pub p99_9: Nanos,
    /// The latest of them.
    pub longest: Nanos,
    /// Whether the sleeper could run before ordinary threads: what it saw is then the machine's,
    /// not its turn among threads that compute.
    pub first: bool,
}

/// The running sleeper.
#[derive(Debug)]
pub struct Sleeper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Course>>,
}

/// What a sleeper saw.
#[derive(Debug, Default)]
pub struct Course {
    began: Option<SystemTime>,
    slots: Vec<Slot>,
    first: bool,
}

impl Sleeper {
    /// Starts one.
    pub fn start() -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("hiccup".to_owned())
            .spawn(move || watch(&stopped))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Ends it; within two milliseconds unless the machine has a hiccup.
    pub fn finish(mut self) -> Course {
        self.stop.store(true, Relaxed);
        self.thread
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

fn watch(stop: &AtomicBool) -> Course {
    // Where this is refused the delays are those of timer slack too: 50 microseconds.
    let _exact = clock::wake_this_thread_exactly();
    let first = precedence::precede(ThreadRole::Timer) == ThreadPrecedence::RealTime;
    let clock = TrialClock::start();
    let mut course = Course {
        began: Some(clock.epoch()),
        slots: Vec::new(),
        first,
    };
    while !stop.load(Relaxed) {
        let due = clock.now() + STEP;
        clock.sleep_until(due);
        course.add(due, clock.now().since(due));
    }
    course
}

impl Course {
    fn add(&mut self, due: Nanos, late: Nanos) {
        let second = (due.0 / 1_000_000_000) as usize;
        if second >= MOST_SECONDS {
            return;
        }
        if self.slots.len() <= second {
            self.slots.resize_with(second + 1, Slot::default);
        }
        let slot = &mut self.slots[second];
        let count = &mut slot.buckets[bucket(late)];
        *count = count.saturating_add(1);
        slot.longest = slot.longest.max(late);
    }

    /// What was seen between two instants, to the second; `None` where nothing was.
    pub fn between(&self, from: SystemTime, to: SystemTime) -> Option<Hiccups> {
        let began = self.began?;
        let second = |at: SystemTime| at.duration_since(began).map_or(0, |span| span.as_secs());
        let first = (second(from) as usize).min(self.slots.len());
        let last = (second(to) as usize).clamp(first, self.slots.len());
        let mut buckets = [0_u64; BUCKETS];
        let mut longest = Nanos(0);
        for slot in &self.slots[first..last] {
            for (all, one) in buckets.iter_mut().zip(slot.buckets) {
                *all += u64::from(one);
            }
            longest = longest.max(slot.longest);
        }
        let count: u64 = buckets.iter().sum();
        let rank = (count as f64 * 0.999).ceil() as u64;
        let mut seen = 0;
        let high = buckets.iter().position(|one| {
            seen += one;
            seen >= rank
        })?;
        (count > 0).then(|| Hiccups {
            count,
            p99_9: upper(high).min(longest),
            longest,
            first: self.first,
        })
    }
}

fn bucket(late: Nanos) -> usize {
    let us = late.0 / 1_000;
    if us < 2 {
        return us as usize;
    }
    let doubling = us.ilog2();
    let step = ((us << 2) >> doubling) as u32 - STEPS;
    ((doubling * STEPS + step) as usize).min(BUCKETS - 1)
}

/// Upper edge of a bucket.
fn upper(bucket: usize) -> Nanos {
    let (doubling, step) = (bucket as u32 / STEPS, bucket as u32 % STEPS);
    if doubling == 0 {
        return Nanos((bucket as u64 + 1) * 1_000);
    }
    Nanos((u64::from(STEPS + step + 1) << doubling) * 1_000 / u64::from(STEPS))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_delay_lies_below_the_upper_edge_of_its_bucket_and_near_it() {
        for us in [
            0_u64, 1, 2, 3, 5, 63, 64, 100, 999, 5_000, 70_000, 3_000_000,
        ] {
            let late = Nanos(us * 1_000);
            let edge = upper(bucket(late));
            assert!(edge > late, "{us}: {edge:?}");
            assert!(
                us < 4 || edge.0 as f64 <= late.0 as f64 * 1.26,
                "{us}: {edge:?}"
            );
        }
    }

    #[test]
    fn only_the_seconds_of_the_window_count() {
        let began = SystemTime::UNIX_EPOCH;
        let mut course = Course {
            began: Some(began),
            ..Course::default()
        };
        for ms in 0..5_000 {
            course.add(Nanos::from_millis(ms), Nanos(20_000));
        }
        course.add(Nanos::from_millis(500), Nanos::from_millis(80));
        course.add(Nanos::from_millis(3_500), Nanos::from_millis(7));
        let at = |second| began + Duration::from_secs(second);
        let quiet = course.between(at(1), at(3)).unwrap();
        assert_eq!((quiet.count, quiet.longest), (2_000, Nanos(20_000)));
        let seen = course.between(at(1), at(5)).unwrap();
        assert_eq!(seen.longest, Nanos::from_millis(7));
        assert!(seen.p99_9 < Nanos(30_000));
        assert!(course.between(at(9), at(12)).is_none());
    }

    #[test]
    fn a_sleeper_wakes_about_a_thousand_times_a_second() {
        let sleeper = Sleeper::start().unwrap();
        thread::sleep(Duration::from_millis(1_300));
        let course = sleeper.finish();
        let began = course.began.unwrap();
        let seen = course
            .between(began, began + Duration::from_secs(1))
            .unwrap();
        assert!((100..=1_001).contains(&seen.count), "{seen:?}");
    }
}
