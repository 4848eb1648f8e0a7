//! Telemetry of several processes of one target, taken together.

use std::collections::BTreeMap;

use loadgen_experiment::services::instance_name;
use shared::snapshot::Snapshot;

/// One snapshot of all processes: what each counts for itself is added, database and Redis are
/// shared and taken from the first. `None` without a process.
pub(super) fn together(snapshots: Vec<Snapshot>) -> Option<Snapshot> {
    let requests = snapshots.iter().map(|one| one.http.requests);
    let instances: BTreeMap<String, u64> = match snapshots.len() {
        0 | 1 => BTreeMap::new(),
        _ => (0..).map(instance_name).zip(requests).collect(),
    };
    let all = snapshots.into_iter().reduce(add)?;
    Some(Snapshot { instances, ..all })
}

fn add(mut all: Snapshot, one: Snapshot) -> Snapshot {
    // A restart of the youngest shows as a step back.
    all.uptime_ms = all.uptime_ms.min(one.uptime_ms);
    all.http.requests += one.http.requests;
    all.http.server_errors += one.http.server_errors;
    all.http.in_flight += one.http.in_flight;
    all.http.queries += one.http.queries;
    all.http.redis_commands += one.http.redis_commands;
    all.http.redis_pings += one.http.redis_pings;
    all.admission.limit += one.admission.limit;
    all.admission.in_flight += one.admission.in_flight;
    all.admission.waiting += one.admission.waiting;
    all.admission.admitted += one.admission.admitted;
    all.admission.shed += one.admission.shed;
    all.admission.wait_us += one.admission.wait_us;
    all.pool.max += one.pool.max;
    all.pool.size += one.pool.size;
    all.pool.idle += one.pool.idle;
    all.pool.waiters += one.pool.waiters;
    all.pool.acquires += one.pool.acquires;
    all.pool.wait_us += one.pool.wait_us;
    all.pool.timeouts += one.pool.timeouts;
    for (code, count) in one.retries {
        *all.retries.entry(code).or_default() += count;
    }
    for (kind, cache) in one.caches {
        let sum = all.caches.entry(kind).or_default();
        sum.hits += cache.hits;
        sum.misses += cache.misses;
        sum.fills += cache.fills;
        sum.shared_loads += cache.shared_loads;
        sum.invalidations += cache.invalidations;
        sum.errors += cache.errors;
        sum.memory_hits += cache.memory_hits;
        sum.redis_hits += cache.redis_hits;
        sum.negative_hits += cache.negative_hits;
        sum.refused_fills += cache.refused_fills;
        sum.early_refreshes += cache.early_refreshes;
    }
    // How far the replica is behind is one thing for all; how each uses it is added.
    if let (Some(all), Some(one)) = (&mut all.replica, one.replica) {
        all.usable &= one.usable;
        all.lag_bytes = all.lag_bytes.max(one.lag_bytes);
        all.lag_us = all.lag_us.max(one.lag_us);
        all.reads += one.reads;
        all.own_writes += one.own_writes;
        all.fallbacks += one.fallbacks;
        all.losses += one.losses;
    }
    all.hashing.hashes += one.hashing.hashes;
    all.hashing.busy_us += one.hashing.busy_us;
    all.hashing.cpu_us += one.hashing.cpu_us;
    all.hashing.wait_us += one.hashing.wait_us;
    all.chat.sockets += one.chat.sockets;
    all.chat.messages += one.chat.messages;
    all.chat.batches += one.chat.batches;
    all.chat.deliveries += one.chat.deliveries;
    all.chat.lagged += one.chat.lagged;
    all.process.cpu_ns += one.process.cpu_ns;
    all.process.rss_bytes += one.process.rss_bytes;
    all.process.threads += one.process.threads;
    all
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::snapshot::{CacheSnapshot, ReplicaSnapshot};

    use super::*;

    /// A snapshot in which every number is `number`.
    fn snapshot(number: u64) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot
            .caches
            .insert("users".to_owned(), CacheSnapshot::default());
        snapshot.replica = Some(ReplicaSnapshot::default());
        snapshot.retries.insert("40001".to_owned(), 0);
        let mut value = serde_json::to_value(snapshot).unwrap();
        fill(&mut value, number);
        serde_json::from_value(value).unwrap()
    }

    fn fill(value: &mut Value, number: u64) {
        match value {
            Value::Number(_) => *value = json!(number),
            Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, number)),
            _ => {}
        }
    }

    #[test]
    fn every_counter_of_a_process_is_added() {
        let mut expected = snapshot(5);
        // Not added: the younger process, and the number of the first.
        (expected.uptime_ms, expected.process.pid) = (2, 3);
        // The same replica, as whoever sees it furthest behind.
        let replica = expected.replica.as_mut().unwrap();
        (replica.lag_bytes, replica.lag_us) = (3, 3);
        expected.instances = [("target-app".to_owned(), 3), ("target-app-2".to_owned(), 2)].into();
        assert_eq!(together(vec![snapshot(3), snapshot(2)]), Some(expected));
        assert_eq!(together(vec![snapshot(3)]), Some(snapshot(3)));
        assert_eq!(together(Vec::new()), None);
    }
}
