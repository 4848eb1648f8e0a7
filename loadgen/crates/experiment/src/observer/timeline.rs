//! What was seen while a trial ran, and the differences between instants.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use shared::snapshot::{PostgresSnapshot, Snapshot};

use super::{host::Usage, machine::Machine};
use crate::schema::Server;

/// One look at target and machine.
#[derive(Debug, Clone)]
pub struct Observation {
    /// When it was taken.
    pub at: SystemTime,
    /// What the target said; absent where it has no lab or did not answer in time.
    pub snapshot: Option<Snapshot>,
    /// What the processes of this machine had used.
    pub host: BTreeMap<String, Usage>,
    /// What the kernel had counted for the machine and for the driver's threads.
    pub machine: Machine,
    /// How far the load was; absent before it began.
    pub load: Option<LoadSeen>,
}

/// The load at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadSeen {
    /// Iterations started since the trial began.
    pub started: u64,
    /// Requests that are due and not done.
    pub in_flight: u64,
    /// Active users; absent in an open load.
    pub users: Option<u64>,
}

impl Observation {
    /// Cores that each process used since an earlier look; those that one of both did not see are
    /// left out, and all where no time lies between.
    pub fn cores_since(&self, earlier: &Self) -> BTreeMap<String, f64> {
        let seconds = apart(earlier.at, self.at).as_secs_f64();
        let used = |(name, after): (&String, &Usage)| {
            let spent = (after.cpu_s - earlier.host.get(name)?.cpu_s).max(0.0);
            (seconds > 0.0).then(|| (name.clone(), spent / seconds))
        };
        self.host.iter().filter_map(used).collect()
    }
}

/// What the driver's own threads had of the processors over a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratorUse {
    /// Share of one processor that the busiest of them used.
    pub busiest: f64,
    /// Seconds that all of them were runnable and waited for a processor.
    pub wait_s: f64,
    /// Seconds of that of the one that waited most.
    pub longest_wait_s: f64,
    /// Seconds between the two looks that this comes from.
    pub seconds: f64,
}

/// All looks of one trial, in order.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    observations: Vec<Observation>,
}

impl Timeline {
    /// Adds one look.
    pub fn push(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    /// The newest look.
    pub fn last(&self) -> Option<&Observation> {
        self.observations.last()
    }

    /// The newest look, and the oldest of those within `span` before it.
    pub fn lately(&self, span: Duration) -> Option<(&Observation, &Observation)> {
        let last = self.observations.last()?;
        let within = |one: &&Observation| apart(one.at, last.at) <= span;
        let first = self.observations.iter().rev().take_while(within).last()?;
        Some((first, last))
    }

    /// The looks that bound `from` to `to` best, and those between.
    pub(super) fn span(&self, from: SystemTime, to: SystemTime) -> &[Observation] {
        let nearest = |at: SystemTime| {
            self.observations
                .iter()
                .enumerate()
                .min_by_key(|(_, one)| apart(one.at, at))
                .map(|(index, _)| index)
        };
        match (nearest(from), nearest(to)) {
            (Some(first), Some(last)) if first <= last => &self.observations[first..=last],
            _ => &[],
        }
    }

    /// CPU seconds of one process and the seconds in which they were spent.
    pub fn cpu(&self, name: &str, from: SystemTime, to: SystemTime) -> Option<(f64, f64)> {
        let span = self.span(from, to);
        let (first, last) = (span.first()?, span.last()?);
        let spent = last.host.get(name)?.cpu_s - first.host.get(name)?.cpu_s;
        let seconds = apart(first.at, last.at).as_secs_f64();
        (seconds > 0.0).then_some((spent.max(0.0), seconds))
    }

    /// What the driver's threads used; absent where two looks that saw them are missing.
    pub fn generator(&self, from: SystemTime, to: SystemTime) -> Option<GeneratorUse> {
        let mut seen = self
            .span(from, to)
            .iter()
            .filter(|one| !one.machine.threads.is_empty());
        let first = seen.next()?;
        let last = seen.next_back()?;
        let seconds = apart(first.at, last.at).as_secs_f64();
        let (mut busiest, mut wait_ns, mut longest_wait_ns) = (0, 0, 0);
        for (id, after) in &last.machine.threads {
            // A thread that was not there at the first look began at nothing.
            let before = first.machine.threads.get(id).copied().unwrap_or_default();
            busiest = after.run_ns.saturating_sub(before.run_ns).max(busiest);
            let waited = after.wait_ns.saturating_sub(before.wait_ns);
            wait_ns += waited;
            longest_wait_ns = longest_wait_ns.max(waited);
        }
        (seconds > 0.5).then(|| GeneratorUse {
            busiest: busiest as f64 / 1e9 / seconds,
            wait_s: wait_ns as f64 / 1e9,
            longest_wait_s: longest_wait_ns as f64 / 1e9,
            seconds,
        })
    }

    /// Share of the machine's time that the hypervisor took for others.
    pub fn steal(&self, from: SystemTime, to: SystemTime) -> Option<f64> {
        let span = self.span(from, to);
        span.last()?.machine.steal_since(&span.first()?.machine)
    }

    /// Share of the window in which something that could run waited for a processor (PSI).
    pub fn cpu_pressure(&self, from: SystemTime, to: SystemTime) -> Option<f64> {
        let span = self.span(from, to);
        let (first, last) = (span.first()?, span.last()?);
        let before = first.machine.cpu_pressure_us?;
        let waited = last.machine.cpu_pressure_us?.saturating_sub(before);
        let seconds = apart(first.at, last.at).as_secs_f64();
        (seconds > 0.0).then(|| waited as f64 / 1e6 / seconds)
    }

    /// The target's figures over a window.
    pub fn server(&self, from: SystemTime, to: SystemTime) -> Server {
        let span = self.span(from, to);
        let mut server = Server::default();
        let (Some(first), Some(last)) = (span.first(), span.last()) else {
            return server;
        };
        server.window_s = apart(first.at, last.at).as_secs_f64();
        for (name, after) in &last.host {
            if let Some(before) = first.host.get(name) {
                let spent = (after.cpu_s - before.cpu_s).max(0.0);
                server.cpu_s.insert(name.clone(), spent);
            }
        }
        for one in span {
            for (name, usage) in &one.host {
                let most = server.rss_bytes.entry(name.clone()).or_default();
                *most = usage.rss_bytes.max(*most);
            }
        }
        let snapshots: Vec<&Snapshot> = span
            .iter()
            .filter_map(|one| one.snapshot.as_ref())
            .collect();
        if let (Some(first), Some(last)) = (snapshots.first(), snapshots.last()) {
            differences(&mut server, first, last);
            samples(&mut server, &snapshots);
        }
        server
    }
}

/// Counters that grew between two snapshots.
fn differences(server: &mut Server, first: &Snapshot, last: &Snapshot) {
    let requests = last.http.requests.saturating_sub(first.http.requests);
    let queries = last.http.queries.saturating_sub(first.http.queries);
    server.queries_per_request = ratio(queries, requests).unwrap_or(0.0);
    server.requests = requests;
    let acquires = last.pool.acquires.saturating_sub(first.pool.acquires);
    let wait_us = last.pool.wait_us.saturating_sub(first.pool.wait_us);
    server.pool_wait_ms = ratio(wait_us, acquires).unwrap_or(0.0) / 1_000.0;
    server.pool_timeouts = last.pool.timeouts.saturating_sub(first.pool.timeouts);
    server.pool_max = last.pool.max;
    for (kind, after) in &last.caches {
        let before = first.caches.get(kind).cloned().unwrap_or_default();
        let hits = after.hits.saturating_sub(before.hits);
        let misses = after.misses.saturating_sub(before.misses);
        server.cache_errors += after.errors.saturating_sub(before.errors);
        server
            .cache_hit_ratio
            .insert(kind.clone(), ratio(hits, hits + misses));
    }
    if let (Some(before), Some(after)) = (&first.redis, &last.redis) {
        server.redis_commands = after.commands.saturating_sub(before.commands);
        server.redis_pings = after.pings.saturating_sub(before.pings);
    }
    if let (Some(before), Some(after)) = (&first.postgres, &last.postgres) {
        server.rows_returned = after.rows_returned.saturating_sub(before.rows_returned);
        let database = &mut server.database;
        database.rows_by_index = after.rows_fetched.saturating_sub(before.rows_fetched);
        database.blocks_hit = after.blocks_hit.saturating_sub(before.blocks_hit);
        database.blocks_read = after.blocks_read.saturating_sub(before.blocks_read);
        database.wal_bytes = after.wal_bytes.saturating_sub(before.wal_bytes);
        database.commits = after.commits.saturating_sub(before.commits);
        database.rollbacks = after.rollbacks.saturating_sub(before.rollbacks);
        database.deadlocks = after.deadlocks.saturating_sub(before.deadlocks);
    }
    for (state, count) in &last.retries {
        let before = first.retries.get(state).copied().unwrap_or(0);
        let grown = count.saturating_sub(before);
        if grown > 0 {
            server.database.retries.insert(state.clone(), grown);
        }
    }
    let (before, after) = (&first.hashing, &last.hashing);
    server.hashing.hashes = after.hashes.saturating_sub(before.hashes);
    server.hashing.busy_s = after.busy_us.saturating_sub(before.busy_us) as f64 / 1e6;
    server.hashing.wait_s = after.wait_us.saturating_sub(before.wait_us) as f64 / 1e6;
    // Seen from here or not: the target knows its own CPU time.
    server
        .cpu_s
        .entry("target-app".to_owned())
        .or_insert_with(|| {
            last.process.cpu_ms.saturating_sub(first.process.cpu_ms) as f64 / 1_000.0
        });
    server
        .rss_bytes
        .entry("target-app".to_owned())
        .or_insert(last.process.rss_bytes);
}

/// What is only seen at the instants themselves.
fn samples(server: &mut Server, snapshots: &[&Snapshot]) {
    let mut waits: BTreeMap<String, u64> = BTreeMap::new();
    for one in snapshots {
        let in_use = one.pool.size.saturating_sub(one.pool.idle);
        server.pool_in_use_max = server.pool_in_use_max.max(in_use);
        server.pool_waiters_max = server.pool_waiters_max.max(one.pool.waiters);
        for (event, count) in one.postgres.iter().flat_map(|postgres| &postgres.waits) {
            *waits.entry(event.clone()).or_default() += u64::from(*count);
        }
    }
    let all: u64 = waits.values().sum();
    server.waits = waits
        .into_iter()
        .filter_map(|(event, count)| Some((event, ratio(count, all)?)))
        .collect();
    let seen: Vec<_> = snapshots
        .iter()
        .filter_map(|one| one.postgres.as_ref())
        .collect();
    if !seen.is_empty() {
        let mean = |of: fn(&PostgresSnapshot) -> u32| {
            seen.iter().map(|one| f64::from(of(one))).sum::<f64>() / seen.len() as f64
        };
        server.database.active_mean = mean(|one| one.active);
        server.database.idle_in_transaction_mean = mean(|one| one.idle_in_transaction);
        server.database.lock_waiters_mean = mean(|one| {
            let locks = one
                .waits
                .iter()
                .filter(|(event, _)| event.starts_with("Lock:"));
            locks.map(|(_, count)| count).sum()
        });
    }
}

/// A share; absent where there is no whole.
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The time between two instants, whichever came first.
pub(super) fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}

#[cfg(test)]
mod tests {
    use shared::snapshot::{CacheSnapshot, HttpSnapshot, PoolSnapshot, ProcessSnapshot};

    use super::*;
    use crate::observer::ThreadUse;

    fn look(second: u64, requests: u64) -> Observation {
        let snapshot = Snapshot {
            http: HttpSnapshot {
                requests,
                queries: requests * 21,
                ..HttpSnapshot::default()
            },
            pool: PoolSnapshot {
                max: 5,
                size: 5,
                idle: 1,
                waiters: second as u32,
                acquires: requests,
                wait_us: requests * 3_000,
                ..PoolSnapshot::default()
            },
            caches: BTreeMap::from([(
                "orders".to_owned(),
                CacheSnapshot {
                    hits: requests * 3,
                    misses: requests,
                    ..CacheSnapshot::default()
                },
            )]),
            process: ProcessSnapshot {
                cpu_ms: second * 500,
                ..ProcessSnapshot::default()
            },
            ..Snapshot::default()
        };
        Observation {
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + second),
            snapshot: Some(snapshot),
            host: BTreeMap::from([(
                "loadgen".to_owned(),
                Usage {
                    cpu_s: second as f64 * 0.1,
                    rss_bytes: 7,
                },
            )]),
            load: None,
            machine: Machine {
                ticks: second * 200,
                steal: second * 2,
                cpu_pressure_us: Some(second * 250_000),
                threads: BTreeMap::from([(
                    9,
                    ThreadUse {
                        run_ns: second * 40_000_000,
                        wait_ns: second * 1_000_000,
                    },
                )]),
            },
        }
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + second)
    }

    #[test]
    fn a_window_has_the_differences_between_its_ends() {
        let mut timeline = Timeline::default();
        for second in 0..10 {
            timeline.push(look(second, second * 10));
        }
        let server = timeline.server(at(2), at(8));
        assert_eq!(server.requests, 60);
        assert!((server.queries_per_request - 21.0).abs() < 1e-9);
        assert!((server.pool_wait_ms - 3.0).abs() < 1e-9);
        assert_eq!((server.pool_in_use_max, server.pool_waiters_max), (4, 8));
        assert_eq!(server.cache_hit_ratio["orders"], Some(0.75));
        assert!((server.cpu_s["target-app"] - 3.0).abs() < 1e-9);
        assert!((server.cpu_s["loadgen"] - 0.6).abs() < 1e-9);
        let (spent, seconds) = timeline.cpu("loadgen", at(2), at(8)).unwrap();
        assert!((spent - 0.6).abs() < 1e-9 && (seconds - 6.0).abs() < 1e-9);
    }

    #[test]
    fn the_driver_s_threads_and_the_machine_are_counted_between_looks_that_saw_them() {
        let mut timeline = Timeline::default();
        for second in 0..10 {
            timeline.push(look(second, second));
        }
        // After the driver has ended its threads are gone.
        timeline.observations[9].machine.threads.clear();
        let used = timeline.generator(at(1), at(9)).unwrap();
        assert!((used.seconds - 7.0).abs() < 1e-9);
        assert!((used.busiest - 0.04).abs() < 1e-9, "{used:?}");
        assert!((used.wait_s - 0.007).abs() < 1e-9);
        assert!((timeline.steal(at(1), at(9)).unwrap() - 0.01).abs() < 1e-9);
        assert!((timeline.cpu_pressure(at(1), at(9)).unwrap() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn without_a_look_there_is_no_figure() {
        let timeline = Timeline::default();
        assert_eq!(timeline.server(at(0), at(9)), Server::default());
        assert!(timeline.cpu("loadgen", at(0), at(9)).is_none());
    }
}
