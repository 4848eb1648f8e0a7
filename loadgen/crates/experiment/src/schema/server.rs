//! The target's own figures, as sums: a ratio is made of the sums of its trials, never of their
//! ratios.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    cpu_time::CpuTime,
    why::{Database, Hashing},
};

/// The target's own figures over the measured windows. All counters are differences between the
/// same two observations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// CPU seconds by process: instances of the target, `postgres`, `redis`, `loadgen`; absent where not
    /// visible, or too little for the resolution of its counter.
    pub cpu_s: BTreeMap<String, f64>,
    /// The same with its possible error, of processes whose time was counted in clock ticks in part: too little in
    /// one trial, it can be enough in all of an arm's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cpu_coarse: BTreeMap<String, CpuTime>,
    /// Seconds between the observations.
    pub window_s: f64,
    /// Largest resident memory by process, in bytes.
    pub rss_bytes: BTreeMap<String, u64>,
    /// Requests to the API that the target answered, by its own count. Absent where it counts
    /// none or was restarted between the observations; then the other counters of this record are zero.
    pub requests: Option<u64>,
    /// PostgreSQL statements that it sent for them.
    pub queries: u64,
    /// Redis commands that it sent for them, without checks of pooled connections.
    pub redis_commands: u64,
    /// Checks of pooled Redis connections at their checkout.
    pub redis_pings: u64,
    /// Checkouts of the connection pool.
    pub pool_acquires: u64,
    /// Seconds that they waited.
    pub pool_wait_s: f64,
    /// Most connections in use at an observation.
    pub pool_in_use_max: u32,
    /// Size of the pool.
    pub pool_max: u32,
    /// Most waiters at an observation.
    pub pool_waiters_max: u32,
    /// Checkouts given up.
    pub pool_timeouts: u64,
    /// What the pooler before the database did; absent where there is none, or where fewer than half
    /// of the observations saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooler: Option<PoolerFigures>,
    /// What the replica of the database did; absent where there is none, or where it was not seen at
    /// both observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<ReplicaFigures>,
    /// Requests that each of several instances answered; empty where there is one, and where one was
    /// restarted between the observations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<String, u64>,
    /// Look-ups by cache kind.
    pub cache_lookups: BTreeMap<String, CacheLookUps>,
    /// Hit ratio that a cache which forgets nothing would have reached, by kind, from how often
    /// each key is asked for; absent where that is not known.
    pub cache_attainable: BTreeMap<String, f64>,
    /// Share of active backends by wait event, over all observations.
    pub waits: BTreeMap<String, f64>,
    /// What PostgreSQL did; absent where it was not seen at both observations, or was restarted between
    /// them.
    pub database: Option<Database>,
    /// What password hashing did.
    pub hashing: Hashing,
    /// Cache look-ups whose store failed; each was answered without the cache.
    pub cache_errors: u64,
}

/// What a pooler before the database did, from the first observation that saw it to the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PoolerFigures {
    /// Most clients that waited for a server connection at an observation.
    pub clients_waiting_max: u32,
    /// Most server connections at an observation.
    pub servers_max: u32,
    /// Transactions that clients had carried out.
    pub transactions: u64,
    /// Seconds that clients waited for a server connection.
    pub wait_s: f64,
}

impl PoolerFigures {
    /// Mean wait of a transaction for its server connection, in milliseconds; absent without any.
    pub fn wait_ms(self) -> Option<f64> {
        (self.transactions > 0).then(|| self.wait_s * 1_000.0 / self.transactions as f64)
    }
}

/// What a replica of the database did, and the reads that could go to it. A read is one checkout of a
/// connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicaFigures {
    /// Most bytes of write-ahead log that it was behind at an observation.
    pub lag_bytes_max: u64,
    /// Longest time that it was behind at an observation, in seconds.
    pub lag_s_max: f64,
    /// Reads that went to it.
    pub reads: u64,
    /// Reads that went to the primary because their person had just written.
    pub own_writes: u64,
    /// Reads that went to the primary because it was away or had no free connection.
    pub fallbacks: u64,
    /// Times that it was lost.
    pub losses: u64,
}

impl ReplicaFigures {
    /// Share of the reads that could go to it which did; absent without any.
    pub fn share(self) -> Option<f64> {
        let all = self.reads + self.own_writes + self.fallbacks;
        (all > 0).then(|| self.reads as f64 / all as f64)
    }
}

/// Look-ups in a kind of cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CacheLookUps {
    /// Those that found a value.
    pub hits: u64,
    /// All of them.
    pub all: u64,
}

impl CacheLookUps {
    /// Share of the look-ups that found a value; absent without look-ups.
    pub fn hit_ratio(self) -> Option<f64> {
        (self.all > 0).then(|| self.hits as f64 / self.all as f64)
    }
}

impl Server {
    /// Enters what a process spent, in place of what was known of it.
    pub(crate) fn set_cpu(&mut self, name: &str, time: CpuTime) {
        self.cpu_s.remove(name);
        self.cpu_coarse.remove(name);
        if let Some(spent) = time.figure() {
            self.cpu_s.insert(name.to_owned(), spent);
        }
        if time.error_s > 0.0 {
            self.cpu_coarse.insert(name.to_owned(), time);
        }
    }

    /// What a process spent, however little; absent where it was not visible.
    pub(crate) fn cpu_time(&self, name: &str) -> Option<CpuTime> {
        let coarse = self.cpu_coarse.get(name).copied();
        coarse.or_else(|| self.cpu_s.get(name).copied().map(CpuTime::exact))
    }

    /// A sum by request to the API; absent where those are not counted.
    pub fn per_request(&self, sum: f64) -> Option<f64> {
        let requests = self.requests.filter(|requests| *requests > 0)?;
        Some(sum / requests as f64)
    }

    /// Mean wait of a checkout of the pool, in milliseconds; absent without checkouts.
    pub fn pool_wait_ms(&self) -> Option<f64> {
        (self.pool_acquires > 0).then(|| self.pool_wait_s * 1_000.0 / self.pool_acquires as f64)
    }

    /// Share of the requests that an instance answered.
    pub fn instance_share(&self, name: &str) -> Option<f64> {
        let all: u64 = self.instances.values().sum();
        (all > 0).then_some(*self.instances.get(name)? as f64 / all as f64)
    }

    /// Share of the look-ups in a kind of cache that found a value.
    pub fn cache_hit_ratio(&self, kind: &str) -> Option<f64> {
        self.cache_lookups.get(kind)?.hit_ratio()
    }
}
