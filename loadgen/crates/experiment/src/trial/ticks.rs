//! From observations of a running trial to the ticks that listeners receive.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use shared::{snapshot::Snapshot, time::Millis};

use crate::{
    events::{HistogramBar, OperationNow, TargetNow, Tick},
    observer::Timeline,
    schema::Percentile,
    services::TARGET_PROCESS,
};
use loadgen_engine::{driver, suite::Windows, units::Nanos};

/// How far back *lately* goes.
const LATELY: Duration = Duration::from_secs(5);
/// Most snapshots that are kept for it.
const MOST: usize = 32;
/// Share of a processor above which the thread that sends is itself in the way.
const BUSY: f64 = 0.8;
/// Share of time taken by other guests of the machine from which figures are doubtful.
const STEAL: f64 = 0.02;
/// Requests by which those that are open grow lately where the target does not keep up.
const GROWN: u64 = 25;

/// Most seconds that a percentile is taken over.
const MOST_SECONDS: usize = 60;

/// The last snapshots of the driver's counters.
#[derive(Debug)]
pub struct Ticks {
    /// Those of the latest seconds, whole.
    snapshots: VecDeque<driver::ProgressSnapshot>,
    /// All operations together, once a second.
    seconds: VecDeque<(Nanos, driver::OperationCounts)>,
    /// Memory for the seconds to come: taken in the first minute of a load, it would look like memory that
    /// grows.
    spare: Vec<driver::OperationCounts>,
}

impl Default for Ticks {
    fn default() -> Self {
        Self {
            snapshots: VecDeque::new(),
            seconds: VecDeque::with_capacity(MOST_SECONDS),
            spare: vec![driver::OperationCounts::default(); MOST_SECONDS],
        }
    }
}

impl Ticks {
    /// What the load does now. Arm, block, course of the command and target are the caller's.
    pub fn tick(
        &mut self,
        now: driver::ProgressSnapshot,
        windows: Windows,
        timeline: &Timeline,
    ) -> Tick {
        let at = Millis(now.at.0 / 1_000_000);
        let phase = if at < windows.warm_up {
            "warm up"
        } else if at < windows.planned() {
            "measure"
        } else {
            "drain"
        };
        while self.snapshots.len() >= MOST
            || self.snapshots.front().is_some_and(|first| {
                now.at.since(first.at).duration() > LATELY && self.snapshots.len() > 1
            })
        {
            self.snapshots.pop_front();
        }
        let before = self.snapshots.back();
        let first = self.snapshots.front();
        let rates = before.map_or_else(driver::LoadRates::default, |before| now.since(before));
        let lately = match first {
            Some(first) => now.total.since(&first.total),
            None => now.total.clone(),
        };
        let tick = Tick {
            phase: phase.to_owned(),
            second: (at.0 as f64 - windows.warm_up.0 as f64) / 1e3,
            elapsed: at.duration().min(windows.planned().duration()),
            total: windows.planned().duration(),
            offered: rates.offered,
            achieved: rates.achieved,
            in_flight: now.open,
            p50_ms: self.percentile(&now, 0.5),
            p95_ms: self.percentile(&now, 0.95),
            p99_ms: self.percentile(&now, 0.99),
            started: now.offered,
            completed: now.total.count(),
            failed: now.total.failed(),
            errors: errors(&now.total),
            histogram: lately
                .bars()
                .into_iter()
                .map(|(from_ms, to_ms, count)| HistogramBar {
                    from_ms,
                    to_ms,
                    count,
                })
                .collect(),
            operations: operations(&now, first),
            doubts: doubts(
                timeline,
                first.map(|first| now.open.saturating_sub(first.open)),
            ),
            ..Tick::default()
        };
        self.keep(&now);
        self.snapshots.push_back(now);
        tick
    }

    /// A percentile of the latest seconds: of as few as have enough answers for it.
    fn percentile(&self, now: &driver::ProgressSnapshot, share: f64) -> Option<f64> {
        let begun = (self.seconds.len() < MOST_SECONDS).then(|| now.total.clone());
        let since = |(_, then): &(Nanos, driver::OperationCounts)| now.total.since(then);
        self.seconds
            .iter()
            .rev()
            .map(since)
            .chain(begun)
            .find_map(|counts| supported(&counts, share))
    }

    /// Keeps what was counted up to now, once a second.
    fn keep(&mut self, now: &driver::ProgressSnapshot) {
        let last = self.seconds.back();
        if last.is_some_and(|(at, _)| now.at.since(*at) < Nanos::from_secs(1)) {
            return;
        }
        if self.seconds.len() >= MOST_SECONDS {
            self.seconds.pop_front();
        }
        drop(self.spare.pop());
        self.seconds.push_back((now.at, now.total.clone()));
    }
}

/// A percentile of the successes, where enough of them lie beyond it.
fn supported(counts: &driver::OperationCounts, share: f64) -> Option<f64> {
    let answered = counts.count() - counts.failed();
    Percentile::is_supported(share, answered)
        .then(|| counts.quantile_ms(share))
        .flatten()
}

fn operations(
    now: &driver::ProgressSnapshot,
    first: Option<&driver::ProgressSnapshot>,
) -> Vec<OperationNow> {
    now.operations
        .iter()
        .zip(&now.bucket_counts)
        .map(|((name, done), bucket_counts)| {
            let earlier = first.and_then(|first| first.operation(name));
            let lately = earlier.map_or_else(|| done.clone(), |earlier| done.since(earlier));
            let seconds = first.map_or(f64::INFINITY, |first| now.seconds_since(first));
            OperationNow {
                name: (*name).to_owned(),
                count: done.count(),
                failed: done.failed(),
                per_s: lately.count() as f64 / seconds,
                p50_ms: supported(&lately, 0.5),
                p95_ms: supported(&lately, 0.95),
                p99_ms: supported(&lately, 0.99),
                errors: errors(done),
                bucket_counts: bucket_counts.counts().to_vec(),
                response_sum_s: bucket_counts.sum_s(),
            }
        })
        .collect()
}

fn errors(done: &driver::OperationCounts) -> BTreeMap<String, u64> {
    done.errors()
        .map(|(outcome, count)| (outcome.as_str().to_owned(), count))
        .collect()
}

/// What would make the trial doubtful if it went on like this.
fn doubts(timeline: &Timeline, backlog: Option<u64>) -> Vec<String> {
    let mut doubts = Vec::new();
    let Some(last) = timeline.last() else {
        return doubts;
    };
    let (from, to) = (last.at - LATELY, last.at);
    let generator = timeline.generator(from, to);
    if let Some(used) = generator.filter(|used| used.busiest > BUSY) {
        doubts.push(format!(
            "a thread that sends uses {:.0} % of a processor: the generator may be the limit",
            used.busiest * 100.0
        ));
    }
    if let Some(steal) = timeline.steal(from, to).filter(|steal| *steal > STEAL) {
        doubts.push(format!(
            "other guests of this machine took {:.0} % of its time",
            steal * 100.0
        ));
    }
    if let Some(more) = backlog.filter(|more| *more >= GROWN) {
        doubts.push(format!(
            "{more} more requests wait than {} s ago: the target does not keep up",
            LATELY.as_secs()
        ));
    }
    doubts
}

/// The target over the last observations; `None` where nothing of it was seen.
pub fn target_now(timeline: &Timeline) -> Option<TargetNow> {
    let (first, last) = timeline.lately(LATELY)?;
    let seconds = last.at.duration_since(first.at).ok()?.as_secs_f64();
    let mut target = TargetNow {
        cpu_cores: last.cores_since(first),
        ..TargetNow::default()
    };
    if let Some(usage) = last.host.get(TARGET_PROCESS) {
        target.rss_bytes = usage.rss_bytes;
    }
    let (Some(before), Some(now)) = (&first.snapshot, &last.snapshot) else {
        return (!target.cpu_cores.is_empty()).then_some(target);
    };
    add_rates(&mut target, before, now, seconds);
    Some(target)
}

/// What the target says of itself.
fn add_rates(target: &mut TargetNow, before: &Snapshot, now: &Snapshot, seconds: f64) {
    let grown = |now: u64, before: u64| now.saturating_sub(before) as f64;
    let per_s = |now, before| grown(now, before) / seconds.max(1e-3);
    target.pool_in_use = now.pool.size.saturating_sub(now.pool.idle);
    target.pool_max = now.pool.max;
    target.pool_waiters = now.pool.waiters;
    let acquires = grown(now.pool.acquires, before.pool.acquires);
    target.pool_wait_ms = grown(now.pool.wait_us, before.pool.wait_us) / 1e3 / acquires.max(1.0);
    target.queries_per_s = per_s(now.http.queries, before.http.queries);
    target.redis_per_s = per_s(now.http.redis_commands, before.http.redis_commands);
    for (kind, cache) in &now.caches {
        let earlier = before.caches.get(kind).cloned().unwrap_or_default();
        let hits = grown(cache.hits, earlier.hits);
        let all = hits + grown(cache.misses, earlier.misses);
        if all > 0.0 {
            target.cache_hit_ratio.insert(kind.clone(), hits / all);
        }
    }
    if let (Some(now), Some(before)) = (&now.postgres, &before.postgres) {
        target.waits.clone_from(&now.waits);
        target.wal_bytes_per_s = per_s(now.wal_bytes, before.wal_bytes);
    }
    if target.rss_bytes == 0 {
        target.rss_bytes = now.process.rss_bytes;
    }
    // Seen from here or not: the target knows its own CPU time.
    target
        .cpu_cores
        .entry(TARGET_PROCESS.to_owned())
        .or_insert_with(|| per_s(now.process.cpu_ns, before.process.cpu_ns) / 1e9);
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_engine::sample::{OpId, Outcome};

    #[test]
    fn a_tick_tells_the_window_and_what_is_done_since_the_last_snapshots() {
        let windows = Windows {
            warm_up: Millis(1_000),
            measure: Millis(9_000),
            drain: Millis(1_000),
        };
        let progress = driver::Progress::new(loadgen_engine::flow::shop().operations);
        let mut ticks = Ticks::default();
        let mut tick_at = |ms: u64| {
            let mut now = progress.snapshot();
            now.at = Nanos::from_millis(ms);
            ticks.tick(now, windows, &Timeline::default())
        };
        let first = tick_at(500);
        assert_eq!((first.phase.as_str(), first.second), ("warm up", -0.5));
        let second = tick_at(1_500);
        assert_eq!(second.phase, "measure");
        assert_eq!(tick_at(10_500).phase, "drain");
        assert_eq!(tick_at(10_900).elapsed, Duration::from_secs(10));
        assert!(second.operations.is_empty() && second.doubts.is_empty());
    }

    #[test]
    fn a_percentile_is_of_as_few_seconds_as_have_enough_answers() {
        let progress = driver::Progress::new(loadgen_engine::flow::shop().operations);
        let mut ticks = Ticks::default();
        let mut percentiles = Vec::new();
        for second in 1..=70_u64 {
            for _ in 0..25 {
                progress.done(OpId(0), Outcome::Ok, Nanos::from_millis(5));
            }
            let mut now = progress.snapshot();
            now.at = Nanos::from_secs(second);
            percentiles.push([0.5, 0.95, 0.99].map(|share| ticks.percentile(&now, share)));
            ticks.keep(&now);
            assert_eq!(ticks.seconds.len() + ticks.spare.len(), MOST_SECONDS);
        }
        let first = |rank: usize| percentiles.iter().position(|one| one[rank].is_some());
        // 25 answers a second: p50 takes one second, p95 eight, p99 forty.
        assert_eq!([0, 1, 2].map(first), [Some(0), Some(7), Some(39)]);
        assert!(percentiles[69].iter().all(Option::is_some));
        assert_eq!(ticks.seconds.len(), MOST_SECONDS);
    }

    #[test]
    fn the_target_is_told_as_rates_between_two_snapshots() {
        let (mut before, mut now) = (Snapshot::default(), Snapshot::default());
        before.http.queries = 100;
        now.http.queries = 300;
        now.pool.size = 5;
        now.pool.idle = 2;
        now.process.cpu_ns = 1_000_000_000;
        let cache = now.caches.entry("orders".to_owned()).or_default();
        (cache.hits, cache.misses) = (3, 1);
        let mut target = TargetNow::default();
        add_rates(&mut target, &before, &now, 2.0);
        assert!((target.queries_per_s - 100.0).abs() < 1e-9);
        assert_eq!(target.pool_in_use, 3);
        assert!((target.cache_hit_ratio["orders"] - 0.75).abs() < 1e-9);
        assert!((target.cpu_cores["target-app"] - 0.5).abs() < 1e-9);
    }
}
