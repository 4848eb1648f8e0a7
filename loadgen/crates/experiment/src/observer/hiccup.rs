//! A thread that does nothing but sleep for a millisecond at a time. When it wakes late, so did
//! everything on this machine (the idea of jHiccup).

use std::{
    io::{self, Read as _},
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
    spool::Spool,
    thread_priority::{self, ThreadPrecedence, ThreadRole},
    units::{NANOS_PER_SECOND, Nanos},
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
    /// Whether the probe could run before ordinary threads: what it saw is then the machine's,
    /// not its turn among threads that compute.
    pub first: bool,
}

/// The running probe.
#[derive(Debug)]
pub struct HiccupProbe {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<WakeupLog>>,
}

/// What a probe saw, by the second.
#[derive(Debug, Default)]
pub struct WakeupLog {
    began: Option<SystemTime>,
    slots: Vec<Slot>,
    first: bool,
    /// What went wrong with keeping it.
    warning: Option<String>,
}

/// What a probe has seen so far: the second that it is in, and those before, out of memory, each with
/// the few of its buckets that were counted in.
#[derive(Debug, Default)]
struct WakeupLogWriter {
    second: usize,
    slot: Slot,
    /// Of each second its number, its longest delay, the number of its buckets, and these with their
    /// counts.
    ended: Spool,
}

impl HiccupProbe {
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
    pub fn finish(mut self) -> WakeupLog {
        self.stop.store(true, Relaxed);
        self.thread
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    }
}

impl Drop for HiccupProbe {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

fn watch(stop: &AtomicBool) -> WakeupLog {
    // Where this is refused the delays are those of timer slack too: 50 microseconds.
    let _exact = clock::wake_this_thread_exactly();
    let first = thread_priority::raise_priority(ThreadRole::Timer) == ThreadPrecedence::RealTime;
    let clock = TrialClock::start();
    let mut writer = WakeupLogWriter::default();
    while !stop.load(Relaxed) {
        // What is done with a delay is over before the next one is measured.
        let due = clock.now() + STEP;
        clock.sleep_until(due);
        writer.add(due, clock.now().since(due));
    }
    WakeupLog {
        began: Some(clock.epoch()),
        first,
        ..writer.whole()
    }
}

impl WakeupLogWriter {
    /// Counts a delay; they come in order of time.
    fn add(&mut self, due: Nanos, late: Nanos) {
        let second = (due.0 / NANOS_PER_SECOND) as usize;
        if second >= MOST_SECONDS {
            return;
        }
        if second > self.second {
            self.end_second();
            self.second = second;
        }
        let count = &mut self.slot.buckets[bucket(late)];
        *count = count.saturating_add(1);
        self.slot.longest = self.slot.longest.max(late);
    }

    fn end_second(&mut self) {
        let slot = std::mem::take(&mut self.slot);
        let counted = || (0_u8..).zip(slot.buckets).filter(|(_, count)| *count > 0);
        let row = self.ended.buffer();
        row.extend((self.second as u32).to_le_bytes());
        row.extend(slot.longest.0.to_le_bytes());
        row.push(counted().count() as u8);
        for (bucket, count) in counted() {
            row.push(bucket);
            row.extend(count.to_le_bytes());
        }
    }

    /// All seconds; those that cannot be read back are missing, and a warning says so.
    fn whole(mut self) -> WakeupLog {
        self.end_second();
        let mut log = WakeupLog {
            warning: self.ended.failure().map(str::to_owned),
            ..WakeupLog::default()
        };
        if let Err(error) = self.ended.read().and_then(|rows| log.fill(&rows)) {
            log.warning = Some(format!(
                "how late wake-ups were could not be read back from a temporary file: {error}"
            ));
        }
        log
    }
}

impl WakeupLog {
    /// What went wrong with keeping it, in one sentence.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Adds the rows that a writer made.
    fn fill(&mut self, mut rows: &[u8]) -> io::Result<()> {
        while !rows.is_empty() {
            let second = u32::from_le_bytes(taken(&mut rows)?) as usize;
            if self.slots.len() <= second {
                self.slots.resize_with(second + 1, Slot::default);
            }
            let slot = &mut self.slots[second];
            slot.longest = Nanos(u64::from_le_bytes(taken(&mut rows)?));
            let [counted] = taken(&mut rows)?;
            for _ in 0..counted {
                let [bucket] = taken(&mut rows)?;
                slot.buckets[usize::from(bucket)] = u16::from_le_bytes(taken(&mut rows)?);
            }
        }
        Ok(())
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

/// The next bytes of rows.
fn taken<const N: usize>(rows: &mut &[u8]) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    rows.read_exact(&mut bytes)?;
    Ok(bytes)
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
        let mut writer = WakeupLogWriter::default();
        for ms in 0..5_000 {
            writer.add(Nanos::from_millis(ms), Nanos(20_000));
            match ms {
                500 => writer.add(Nanos::from_millis(ms), Nanos::from_millis(80)),
                3_500 => writer.add(Nanos::from_millis(ms), Nanos::from_millis(7)),
                _ => {}
            }
        }
        let log = WakeupLog {
            began: Some(began),
            ..writer.whole()
        };
        let at = |second| began + Duration::from_secs(second);
        let quiet = log.between(at(1), at(3)).unwrap();
        assert_eq!((quiet.count, quiet.longest), (2_000, Nanos(20_000)));
        let seen = log.between(at(1), at(5)).unwrap();
        assert_eq!(seen.longest, Nanos::from_millis(7));
        assert!(seen.p99_9 < Nanos(30_000));
        assert!(log.between(at(9), at(12)).is_none());
    }

    #[test]
    fn of_an_hour_of_wake_ups_only_the_newest_second_is_in_memory() {
        let mut writer = WakeupLogWriter::default();
        let begin = writer.ended.in_memory();
        for ms in (0..3_600_000).step_by(10) {
            writer.add(Nanos::from_millis(ms), Nanos(1_000 * (ms % 997)));
            assert_eq!(writer.ended.in_memory(), begin);
        }
        assert!(writer.ended.len() > begin as u64, "{}", writer.ended.len());
        let began = SystemTime::UNIX_EPOCH;
        let log = WakeupLog {
            began: Some(began),
            ..writer.whole()
        };
        assert_eq!(log.warning(), None);
        let hour = log.between(began, began + Duration::from_hours(1)).unwrap();
        assert_eq!((hour.count, hour.longest), (360_000, Nanos(996_000)));
    }

    #[test]
    fn a_probe_wakes_about_a_thousand_times_a_second() {
        // Other programs may have any one second.
        let mut counts: Vec<u64> = Vec::new();
        while counts.len() < 10 && counts.iter().all(|count| *count < 100) {
            let hiccup_probe = HiccupProbe::start().unwrap();
            thread::sleep(Duration::from_millis(1_300));
            let log = hiccup_probe.finish();
            let began = log.began.unwrap();
            let seen = log.between(began, began + Duration::from_secs(1));
            counts.push(seen.map_or(0, |seen| seen.count));
        }
        let last = counts.last().unwrap();
        assert!((100..=1_001).contains(last), "{counts:?}");
    }
}
