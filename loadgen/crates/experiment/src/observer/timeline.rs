//! What was seen while a trial ran, and the differences between instants.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use shared::snapshot::Snapshot;

use super::{host::Usage, machine::Machine};

/// One observation of target and machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// The load at one observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSeen {
    /// Iterations started since the trial began.
    pub started: u64,
    /// Requests that are due and not done.
    pub in_flight: u64,
    /// Active users; absent in an open load.
    pub users: Option<u64>,
}

impl Observation {
    /// Cores that each process used since an earlier observation, however little, for charts; those that
    /// one of both did not see are left out, and all where no time lies between.
    pub fn cores_since(&self, earlier: &Self) -> BTreeMap<String, f64> {
        let seconds = apart(earlier.at, self.at).as_secs_f64();
        let used = |(name, after): (&String, &Usage)| {
            let spent = after.roughly_since(earlier.host.get(name)?);
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
    /// Seconds between the two observations that this comes from.
    pub seconds: f64,
}

/// All observations of one trial, in order.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    observations: Vec<Observation>,
}

impl Timeline {
    /// Adds one observation.
    pub fn push(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    /// How many observations there are.
    pub(super) const fn len(&self) -> usize {
        self.observations.len()
    }

    /// The oldest observations, so many of them or all.
    pub(super) fn oldest(&self, count: usize) -> &[Observation] {
        &self.observations[..count.min(self.len())]
    }

    /// Forgets the oldest observations.
    pub(super) fn drop_oldest(&mut self, count: usize) {
        self.observations.drain(..count.min(self.len()));
    }

    /// Forgets the observations before the one nearest to an instant.
    pub(super) fn drop_before(&mut self, at: SystemTime) {
        if let Some(nearest) = self.nearest(at) {
            self.drop_oldest(nearest);
        }
    }

    /// Every observation, in order.
    pub(super) fn into_observations(self) -> impl Iterator<Item = Observation> {
        self.observations.into_iter()
    }

    /// The newest observation.
    pub fn last(&self) -> Option<&Observation> {
        self.observations.last()
    }

    /// The newest observation, and the oldest of those within `span` before it.
    pub fn lately(&self, span: Duration) -> Option<(&Observation, &Observation)> {
        let last = self.observations.last()?;
        let within = |one: &&Observation| apart(one.at, last.at) <= span;
        let first = self.observations.iter().rev().take_while(within).last()?;
        Some((first, last))
    }

    /// The observations that bound `from` to `to` best, and those between.
    pub(super) fn span(&self, from: SystemTime, to: SystemTime) -> &[Observation] {
        match (self.nearest(from), self.nearest(to)) {
            (Some(first), Some(last)) if first <= last => &self.observations[first..=last],
            _ => &[],
        }
    }

    /// Place of the observation nearest to an instant, the earlier one of two as near. They are in order, and a
    /// long run asks for each of its seconds.
    fn nearest(&self, at: SystemTime) -> Option<usize> {
        let later = self.observations.partition_point(|one| one.at < at);
        let places = later.saturating_sub(1)..=later;
        places
            .filter_map(|place| Some((place, apart(self.observations.get(place)?.at, at))))
            .min_by_key(|(_, apart)| *apart)
            .map(|(place, _)| place)
    }

    /// CPU seconds of one process and the seconds in which they were spent.
    pub fn cpu(&self, name: &str, from: SystemTime, to: SystemTime) -> Option<(f64, f64)> {
        let span = self.span(from, to);
        let (first, last) = (span.first()?, span.last()?);
        let time = last.host.get(name)?.cpu_since(first.host.get(name)?);
        let spent = time.figure()?;
        let seconds = apart(first.at, last.at).as_secs_f64();
        (seconds > 0.0).then_some((spent, seconds))
    }

    /// What the driver's threads used; absent where two observations that saw them are missing.
    pub fn generator(&self, from: SystemTime, to: SystemTime) -> Option<GeneratorUse> {
        let mut seen = self
            .span(from, to)
            .iter()
            .filter(|one| !one.machine.threads.is_empty());
        let first = seen.next()?;
        let last = seen.next_back()?;
        generator_use((first.at, &first.machine), (last.at, &last.machine))
    }

    /// Share of the machine's time that the hypervisor took for others.
    pub fn steal(&self, from: SystemTime, to: SystemTime) -> Option<f64> {
        let span = self.span(from, to);
        span.last()?.machine.steal_since(&span.first()?.machine)
    }
}

/// What the driver's threads used between two observations that saw them; absent where too little time lies between.
pub(super) fn generator_use(
    (begin, before): (SystemTime, &Machine),
    (end, after): (SystemTime, &Machine),
) -> Option<GeneratorUse> {
    let seconds = apart(begin, end).as_secs_f64();
    let (mut busiest, mut wait_ns, mut longest_wait_ns) = (0, 0, 0);
    for (id, after) in &after.threads {
        // A thread that was not there at the first observation began at nothing.
        let before = before.threads.get(id).copied().unwrap_or_default();
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

/// Share of the time between two observations in which something that could run waited for a processor (PSI).
pub(super) fn pressure(
    (begin, before): (SystemTime, &Machine),
    (end, after): (SystemTime, &Machine),
) -> Option<f64> {
    let waited = after
        .cpu_pressure_us?
        .saturating_sub(before.cpu_pressure_us?);
    let seconds = apart(begin, end).as_secs_f64();
    (seconds > 0.0).then(|| waited as f64 / 1e6 / seconds)
}

/// The time between two instants, whichever came first.
pub(super) fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}

#[cfg(test)]
pub(super) mod fixture {
    use shared::snapshot::{CacheSnapshot, HttpSnapshot, PoolSnapshot, ProcessSnapshot};

    use super::*;
    use crate::{
        observer::{
            ThreadUse,
            window_accumulator::{WindowAccumulator, WindowFigures},
        },
        schema::Server,
    };

    impl Timeline {
        /// What the observations say of a window, added one after the other.
        pub(in crate::observer) fn window(
            &self,
            from: SystemTime,
            to: SystemTime,
        ) -> WindowFigures {
            let mut accumulator = WindowAccumulator::new(from, to);
            self.observations
                .iter()
                .for_each(|one| accumulator.add(one.clone()));
            accumulator.figures()
        }

        /// The target's figures of them.
        pub(in crate::observer) fn server(&self, from: SystemTime, to: SystemTime) -> Server {
            self.window(from, to).server
        }
    }

    /// What was seen at a second in which so many requests had been answered.
    pub(in crate::observer) fn observation(second: u64, requests: u64) -> Observation {
        let snapshot = Snapshot {
            uptime_ms: second * 1_000,
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
                cpu_ns: second * 500_000_000,
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
                    cpu_ns: second * 100_000_000,
                    ticks: 0,
                    rss_bytes: 7,
                    descriptors: None,
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

    /// The instant of a second.
    pub(in crate::observer) fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + second)
    }
}

#[cfg(test)]
mod tests {
    use shared::snapshot::PostgresSnapshot;

    use super::{
        fixture::{at, observation},
        *,
    };
    use crate::schema::Server;

    #[test]
    fn a_window_has_the_differences_between_its_ends() {
        let mut timeline = Timeline::default();
        for second in 0..10 {
            timeline.push(observation(second, second * 10));
        }
        let server = timeline.server(at(2), at(8));
        assert_eq!(server.requests, Some(60));
        assert_eq!(server.per_request(server.queries as f64), Some(21.0));
        assert!((server.pool_wait_ms().unwrap() - 3.0).abs() < 1e-9);
        assert_eq!((server.pool_in_use_max, server.pool_waiters_max), (4, 8));
        assert_eq!(server.cache_hit_ratio("orders"), Some(0.75));
        assert_eq!(server.database, None);
        assert!((server.cpu_s["target-app"] - 3.0).abs() < 1e-9);
        assert!((server.cpu_s["loadgen"] - 0.6).abs() < 1e-9);
        let (spent, seconds) = timeline.cpu("loadgen", at(2), at(8)).unwrap();
        assert!((spent - 0.6).abs() < 1e-9 && (seconds - 6.0).abs() < 1e-9);
    }

    #[test]
    fn the_driver_s_threads_and_the_machine_are_counted_between_observations_that_saw_them() {
        let mut timeline = Timeline::default();
        for second in 0..10 {
            timeline.push(observation(second, second));
        }
        // After the driver has ended its threads are gone.
        timeline.observations[9].machine.threads.clear();
        let used = timeline.generator(at(1), at(9)).unwrap();
        assert!((used.seconds - 7.0).abs() < 1e-9);
        assert!((used.busiest - 0.04).abs() < 1e-9, "{used:?}");
        assert!((used.wait_s - 0.007).abs() < 1e-9);
        assert!((timeline.steal(at(1), at(9)).unwrap() - 0.01).abs() < 1e-9);
        let window = timeline.window(at(1), at(9));
        assert!((window.cpu_pressure.unwrap() - 0.25).abs() < 1e-9);
        assert_eq!(window.generator, Some(used));
        assert_eq!(window.steal, timeline.steal(at(1), at(9)));
    }

    #[test]
    fn a_window_has_the_observations_nearest_to_its_edges_and_those_between() {
        let mut timeline = Timeline::default();
        // Gaps of two to seven seconds, from 0 to 55.
        for place in 0..10_u64 {
            timeline.push(observation(place * 6 + place % 3, place));
        }
        let half = |second: i64| match u64::try_from(second) {
            Ok(second) => at(0) + Duration::from_millis(second * 500),
            Err(_) => at(0) - Duration::from_millis(second.unsigned_abs() * 500),
        };
        for from in -10..130 {
            for to in from..130 {
                let span = timeline.span(half(from), half(to));
                let (first, last) = (span.first().unwrap(), span.last().unwrap());
                let server = timeline.server(half(from), half(to));
                let apart_s = apart(first.at, last.at).as_secs_f64();
                assert!((server.window_s - apart_s).abs() < 1e-9, "{from} to {to}");
                let waiters = span
                    .iter()
                    .map(|one| one.snapshot.as_ref().unwrap().pool.waiters);
                assert_eq!(
                    server.pool_waiters_max,
                    waiters.max().unwrap(),
                    "{from} to {to}"
                );
            }
        }
    }

    fn with_postgres(
        mut observation: Observation,
        started_ms: i64,
        rows_returned: u64,
    ) -> Observation {
        observation.snapshot.as_mut().unwrap().postgres = Some(PostgresSnapshot {
            started_ms,
            rows_returned,
            ..PostgresSnapshot::default()
        });
        observation
    }

    #[test]
    fn all_figures_of_a_ratio_come_from_the_same_two_observations() {
        let mut timeline = Timeline::default();
        for second in 0..10 {
            let mut observation =
                with_postgres(observation(second, second * 10), 7, second * 1_000);
            if second == 2 {
                observation.snapshot = None;
            }
            if second == 8 {
                observation.snapshot.as_mut().unwrap().postgres = None;
            }
            timeline.push(observation);
        }
        let server = timeline.server(at(2), at(8));
        assert!((server.window_s - 4.0).abs() < 1e-9);
        assert_eq!(server.requests, Some(40));
        assert!((server.cpu_s["loadgen"] - 0.4).abs() < 1e-9);
        assert_eq!(server.database.unwrap().rows_returned, 4_000);
    }

    #[test]
    fn a_restart_between_the_observations_makes_the_figures_absent() {
        let mut timeline = Timeline::default();
        for second in 0..10 {
            let mut observation = with_postgres(observation(second, second * 10), 7, second);
            if second > 5 {
                observation.snapshot.as_mut().unwrap().uptime_ms = second;
            }
            timeline.push(observation);
        }
        let server = timeline.server(at(2), at(8));
        assert_eq!((server.requests, server.database.as_ref()), (None, None));
        assert_eq!(server.queries, 0);
        assert!(server.cache_lookups.is_empty() && !server.cpu_s.contains_key("target-app"));
        assert_eq!(server.pool_in_use_max, 4);
        // Before it they are known.
        assert_eq!(timeline.server(at(2), at(5)).requests, Some(30));

        let mut timeline = Timeline::default();
        for second in 0..10 {
            let started_ms = if second > 5 { 9 } else { 7 };
            timeline.push(with_postgres(
                observation(second, second * 10),
                started_ms,
                1,
            ));
        }
        let server = timeline.server(at(2), at(8));
        assert_eq!((server.requests, server.database), (Some(60), None));
    }

    #[test]
    fn the_nearest_observation_is_that_of_all_that_lies_nearest() {
        let mut timeline = Timeline::default();
        // Gaps of two to seven seconds.
        for place in 0..40_u64 {
            timeline.push(observation(place * 6 + place % 5, place));
        }
        for tenth in 0..2_600 {
            let instant = at(0) + Duration::from_millis(tenth * 100);
            let found = timeline.nearest(instant).unwrap();
            let observations = &timeline.observations;
            let least = observations.iter().map(|one| apart(one.at, instant)).min();
            assert_eq!(
                Some(apart(observations[found].at, instant)),
                least,
                "{tenth}"
            );
        }
        assert_eq!(timeline.nearest(at(0) - Duration::from_secs(9)), Some(0));
    }

    #[test]
    fn without_an_observation_there_is_no_figure() {
        let timeline = Timeline::default();
        assert_eq!(timeline.server(at(0), at(9)), Server::default());
        assert!(timeline.cpu("loadgen", at(0), at(9)).is_none());
    }
}
