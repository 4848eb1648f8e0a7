//! The target's figures, put into the seconds of a trial.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use shared::snapshot::Snapshot;

use super::{
    server_figures::ratio,
    timeline::{Observation, Timeline, apart},
};
use crate::{schema::Second, services::TARGET_PROCESS};

/// Wait events of a second that are counted one by one; the others are one.
const MOST_WAITS: usize = 6;
/// Name of all other wait events together.
const OTHER_WAITS: &str = "other";
/// Shortest time between two observations that a rate is taken from, in seconds.
const SHORTEST_S: f64 = 0.2;

/// Puts the target's figures into the seconds of a trial, from one observation after the other.
#[derive(Debug)]
pub(super) struct SecondsAccumulator<'a> {
    /// In order.
    seconds: &'a mut [Second],
    /// How many of them are filled.
    filled: usize,
    /// Begin of the window.
    from: SystemTime,
    /// The observation nearest to the begin of the next second, and those after it.
    observations: Timeline,
}

impl<'a> SecondsAccumulator<'a> {
    /// No observation yet, of a trial whose window began at `from`.
    pub(super) fn new(seconds: &'a mut [Second], from: SystemTime) -> Self {
        Self {
            seconds,
            filled: 0,
            from,
            observations: Timeline::default(),
        }
    }

    /// Adds the next observation of the trial; they come in order.
    pub(super) fn add(&mut self, one: Observation) {
        let at = one.at;
        self.observations.push(one);
        // A second is known with the first observation after it.
        while self.next_end().is_some_and(|end| end <= at) {
            self.fill_next();
        }
        if self.filled == self.seconds.len() {
            self.observations = Timeline::default();
        }
    }

    /// Fills the seconds after which there was no observation.
    pub(super) fn finish(mut self) {
        while self.filled < self.seconds.len() {
            self.fill_next();
        }
    }

    fn next_end(&self) -> Option<SystemTime> {
        let next = self.seconds.get(self.filled)?;
        Some(shifted(self.from, next.second + 1))
    }

    fn fill_next(&mut self) {
        let second = &mut self.seconds[self.filled];
        self.filled += 1;
        let begin = shifted(self.from, second.second);
        let end = begin + Duration::from_secs(1);
        fill(second, self.observations.span(begin, end));
        self.observations.drop_before(end);
    }
}

/// Puts what was seen in a second into it: the observations that bound it best, and those between.
fn fill(second: &mut Second, span: &[Observation]) {
    let snapshots: Vec<(SystemTime, &Snapshot)> = span
        .iter()
        .filter_map(|one| Some((one.at, one.snapshot.as_ref()?)))
        .collect();
    if let Some((_, last)) = snapshots.last() {
        instant(second, last);
    }
    if let (Some((from, first)), Some((to, last))) = (snapshots.first(), snapshots.last()) {
        let (hits, misses) = lookups(first, last);
        second.cache_hit_ratio = ratio(hits, hits + misses);
        let apart_s = apart(*from, *to).as_secs_f64();
        if apart_s > SHORTEST_S {
            rates(second, first, last, apart_s);
        }
    }
    load(second, span);
    second.target_cpu = target_cpu(span);
    second.cpu_cores = other_cpu(span);
    resources(second, span);
}

/// What the driver did.
fn load(second: &mut Second, span: &[Observation]) {
    let mut seen = span.iter().filter_map(|one| Some((one.at, one.load?)));
    let Some((from, first)) = seen.next() else {
        return;
    };
    let (to, last) = seen.next_back().unwrap_or((from, first));
    second.in_flight = Some(last.in_flight);
    second.users = last.users;
    let apart_s = apart(from, to).as_secs_f64();
    if apart_s > SHORTEST_S {
        let started = last.started.saturating_sub(first.started) as f64;
        second.started_per_s = Some((started / apart_s * 10.0).round() / 10.0);
    }
}

/// What is seen at one instant.
fn instant(second: &mut Second, last: &Snapshot) {
    second.pool_in_use = Some(last.pool.size.saturating_sub(last.pool.idle));
    second.pool_waiters = Some(last.pool.waiters);
    second.pool_size = Some(last.pool.size);
    second.pool_max = Some(last.pool.max);
    let Some(postgres) = &last.postgres else {
        return;
    };
    let mut events: Vec<(&String, u32)> = postgres
        .waits
        .iter()
        .map(|(event, count)| (event, *count))
        .filter(|(_, count)| *count > 0)
        .collect();
    events.sort_by_key(|(event, count)| (u32::MAX - count, *event));
    for (place, (event, count)) in events.into_iter().enumerate() {
        let name = if place < MOST_WAITS {
            event
        } else {
            OTHER_WAITS
        };
        *second.waits.entry(name.to_owned()).or_default() += count;
    }
}

/// What grew between two instants, a second.
fn rates(second: &mut Second, first: &Snapshot, last: &Snapshot, apart_s: f64) {
    let rate = |before: u64, after: u64| {
        let grown = after.saturating_sub(before) as f64 / apart_s;
        Some((grown * 10.0).round() / 10.0)
    };
    second.queries_per_s = rate(first.http.queries, last.http.queries);
    second.redis_commands_per_s = rate(first.http.redis_commands, last.http.redis_commands);
    if let (Some(before), Some(after)) = (&first.postgres, &last.postgres) {
        second.wal_bytes_per_s = rate(before.wal_bytes, after.wal_bytes).map(f64::round);
    }
}

/// Cache look-ups of all kinds between two snapshots: those that hit, those that did not.
fn lookups(first: &Snapshot, last: &Snapshot) -> (u64, u64) {
    last.caches
        .iter()
        .fold((0, 0), |(hits, misses), (kind, after)| {
            let before = first.caches.get(kind).cloned().unwrap_or_default();
            (
                hits + after.hits.saturating_sub(before.hits),
                misses + after.misses.saturating_sub(before.misses),
            )
        })
}

/// Cores that the target used between the first and the last observation.
fn target_cpu(span: &[Observation]) -> Option<f64> {
    let (first, last) = (span.first()?, span.last()?);
    let seconds = apart(first.at, last.at).as_secs_f64();
    let seen = first
        .host
        .get(TARGET_PROCESS)
        .zip(last.host.get(TARGET_PROCESS));
    let spent = if let Some((before, after)) = seen {
        after.roughly_since(before)
    } else {
        let (before, after) = (first.snapshot.as_ref()?, last.snapshot.as_ref()?);
        if after.uptime_ms < before.uptime_ms {
            // Of a target that was restarted between.
            return None;
        }
        after.process.cpu_ns.saturating_sub(before.process.cpu_ns) as f64 / 1e9
    };
    (seconds > SHORTEST_S).then(|| (spent / seconds).max(0.0))
}

/// Memory and descriptors at the last observation; the target's own figure of its memory where it is on
/// another machine.
fn resources(second: &mut Second, span: &[Observation]) {
    let Some(last) = span.last() else { return };
    for (name, usage) in &last.host {
        second.rss_bytes.insert(name.clone(), usage.rss_bytes);
        if let Some(open) = usage.descriptors {
            second.descriptors.insert(name.clone(), open);
        }
    }
    let own = last.snapshot.as_ref().map(|one| one.process.rss_bytes);
    if let Some(bytes) = own.filter(|bytes| *bytes > 0) {
        second
            .rss_bytes
            .entry(TARGET_PROCESS.to_owned())
            .or_insert(bytes);
    }
}

/// Cores that the other processes used between the first and the last observation, to a thousandth.
fn other_cpu(span: &[Observation]) -> BTreeMap<String, f64> {
    let (Some(first), Some(last)) = (span.first(), span.last()) else {
        return BTreeMap::new();
    };
    let seconds = apart(first.at, last.at).as_secs_f64();
    if seconds <= SHORTEST_S {
        return BTreeMap::new();
    }
    let mut others = last.cores_since(first);
    // Its CPU has a field of its own.
    others.remove(TARGET_PROCESS);
    for cores in others.values_mut() {
        *cores = (*cores * 1_000.0).round() / 1_000.0;
    }
    others
}

/// An instant so many seconds later, or before.
fn shifted(at: SystemTime, seconds: i64) -> SystemTime {
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { at - span } else { at + span }
}

#[cfg(test)]
mod tests {
    use shared::snapshot::{
        CacheSnapshot, HttpSnapshot, PoolSnapshot, PostgresSnapshot, ProcessSnapshot,
    };

    use super::*;
    use crate::observer::{Machine, Usage};

    fn observation(second: u64) -> Observation {
        let waits = ["CPU", "IO:WALSync", "Lock:tuple", "a", "b", "c", "d", "e"];
        let counts = [9, 5, 8, 1, 1, 1, 1, 1];
        let snapshot = Snapshot {
            http: HttpSnapshot {
                queries: second * 210,
                redis_commands: second * 70,
                ..HttpSnapshot::default()
            },
            pool: PoolSnapshot {
                max: 5,
                size: 5,
                idle: 1,
                waiters: second as u32,
                ..PoolSnapshot::default()
            },
            caches: BTreeMap::from([(
                "orders".to_owned(),
                CacheSnapshot {
                    hits: second * 3,
                    misses: second,
                    ..CacheSnapshot::default()
                },
            )]),
            process: ProcessSnapshot {
                cpu_ns: second * 500_000_000,
                ..ProcessSnapshot::default()
            },
            postgres: Some(PostgresSnapshot {
                waits: waits.map(str::to_owned).into_iter().zip(counts).collect(),
                wal_bytes: second * 8_192,
                ..PostgresSnapshot::default()
            }),
            ..Snapshot::default()
        };
        Observation {
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + second),
            snapshot: Some(snapshot),
            host: BTreeMap::from([(
                "postgres".to_owned(),
                Usage {
                    cpu_ns: second * 250_000_000,
                    ticks: 0,
                    rss_bytes: 7 + second,
                    descriptors: Some(20 + second),
                },
            )]),
            machine: Machine::default(),
            load: None,
        }
    }

    fn filled(observations: impl Iterator<Item = Observation>) -> Second {
        let mut seconds = [Second {
            second: -1,
            ..Second::default()
        }];
        let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_002);
        let mut accumulator = SecondsAccumulator::new(&mut seconds, from);
        observations.for_each(|one| accumulator.add(one));
        accumulator.finish();
        let [second] = seconds;
        second
    }

    #[test]
    fn few_observations_are_in_memory_and_each_second_has_what_all_together_say_of_it() {
        // Gaps of one to four seconds, the last observation long before the last second.
        let observations: Vec<Observation> =
            (0..300_u64).map(|n| observation(n * 3 + n % 2)).collect();
        let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_010);
        let empty = |second| Second {
            second,
            ..Second::default()
        };
        let mut seconds: Vec<Second> = (-10..1_000).map(empty).collect();
        let mut accumulator = SecondsAccumulator::new(&mut seconds, from);
        for one in &observations {
            accumulator.add(one.clone());
            assert!(
                accumulator.observations.len() < 4,
                "{}",
                accumulator.observations.len()
            );
        }
        accumulator.finish();
        let mut all = Timeline::default();
        for one in observations {
            all.push(one);
        }
        for found in seconds {
            let begin = shifted(from, found.second);
            let mut expected = empty(found.second);
            fill(
                &mut expected,
                all.span(begin, begin + Duration::from_secs(1)),
            );
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn seconds_are_filled_with_the_target_s_figures() {
        let second = filled((0..4).map(observation));
        assert_eq!(second.pool_waiters, Some(2));
        assert_eq!((second.pool_in_use, second.pool_max), (Some(4), Some(5)));
        assert!(second.pool_size >= second.pool_in_use);
        assert!((second.target_cpu.unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(second.cache_hit_ratio, Some(0.75));
        assert_eq!(second.queries_per_s, Some(210.0));
        assert_eq!(second.wal_bytes_per_s, Some(8_192.0));
        assert_eq!(second.redis_commands_per_s, Some(70.0));
        assert!((second.cpu_cores["postgres"] - 0.25).abs() < 1e-9);
        let last = observation(2).host["postgres"];
        assert_eq!(second.rss_bytes["postgres"], last.rss_bytes);
        assert_eq!(second.descriptors["postgres"], last.descriptors.unwrap());
    }

    #[test]
    fn a_second_in_which_the_target_was_restarted_has_no_cpu_of_it() {
        let restarted = |second| {
            let mut observation = observation(second);
            let snapshot = observation.snapshot.as_mut().unwrap();
            snapshot.uptime_ms = if second < 2 { 60_000 } else { 100 };
            observation
        };
        assert_eq!(filled((0..4).map(restarted)).target_cpu, None);
    }

    #[test]
    fn the_most_frequent_waits_have_their_name_and_none_is_lost() {
        let waits = filled((0..4).map(observation)).waits;
        assert_eq!(waits.len(), MOST_WAITS + 1);
        assert_eq!((waits["CPU"], waits["Lock:tuple"]), (9, 8));
        assert_eq!((waits[OTHER_WAITS], waits.values().sum::<u32>()), (2, 27));
    }

    #[test]
    fn what_was_not_seen_stays_absent() {
        let blind = |second| Observation {
            snapshot: None,
            host: BTreeMap::new(),
            ..observation(second)
        };
        let second = filled((0..4).map(blind));
        assert_eq!(
            second,
            Second {
                second: -1,
                ..Second::default()
            }
        );
    }
}
