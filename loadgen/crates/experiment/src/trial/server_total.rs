//! The target's figures of several trials of one arm, added up.

use std::collections::BTreeMap;

use crate::schema::{CacheLookUps, Database, Hashing, PoolerFigures, ReplicaFigures, Server};

/// Adds the figures of one more trial to those of `so_far` trials: sums of what was counted,
/// means of what is a mean, the largest of what is a peak.
pub fn server_total(all: &Server, one: &Server, so_far: f64) -> Server {
    let mean = |all: f64, one: f64| (all * so_far + one) / (so_far + 1.0);
    let mut total = Server {
        window_s: all.window_s + one.window_s,
        rss_bytes: in_either(&all.rss_bytes, &one.rss_bytes, |a, b| *a.max(b)),
        requests: all.requests.zip(one.requests).map(|(a, b)| a + b),
        queries: all.queries + one.queries,
        redis_commands: all.redis_commands + one.redis_commands,
        redis_pings: all.redis_pings + one.redis_pings,
        pool_acquires: all.pool_acquires + one.pool_acquires,
        pool_wait_s: all.pool_wait_s + one.pool_wait_s,
        pool_in_use_max: all.pool_in_use_max.max(one.pool_in_use_max),
        pool_max: one.pool_max,
        pool_waiters_max: all.pool_waiters_max.max(one.pool_waiters_max),
        pool_timeouts: all.pool_timeouts + one.pool_timeouts,
        pooler: all.pooler.zip(one.pooler).map(|(all, one)| PoolerFigures {
            clients_waiting_max: all.clients_waiting_max.max(one.clients_waiting_max),
            servers_max: all.servers_max.max(one.servers_max),
            transactions: all.transactions + one.transactions,
            wait_s: all.wait_s + one.wait_s,
        }),
        replica: all
            .replica
            .zip(one.replica)
            .map(|(all, one)| ReplicaFigures {
                lag_bytes_max: all.lag_bytes_max.max(one.lag_bytes_max),
                lag_s_max: all.lag_s_max.max(one.lag_s_max),
                reads: all.reads + one.reads,
                own_writes: all.own_writes + one.own_writes,
                fallbacks: all.fallbacks + one.fallbacks,
                losses: all.losses + one.losses,
            }),
        instances: in_both(&all.instances, &one.instances, |a, b| a + b),
        cache_lookups: in_either(&all.cache_lookups, &one.cache_lookups, |a, b| {
            CacheLookUps {
                hits: a.hits + b.hits,
                all: a.all + b.all,
            }
        }),
        cache_attainable: in_both(&all.cache_attainable, &one.cache_attainable, |a, b| {
            mean(*a, *b)
        }),
        waits: in_either(&all.waits, &one.waits, |a, b| mean(*a, *b)),
        database: all
            .database
            .as_ref()
            .zip(one.database.as_ref())
            .map(|(all, one)| database_total(all, one, mean)),
        hashing: Hashing {
            hashes: all.hashing.hashes + one.hashing.hashes,
            busy_s: all.hashing.busy_s + one.hashing.busy_s,
            cpu_s: all.hashing.cpu_s + one.hashing.cpu_s,
            wait_s: all.hashing.wait_s + one.hashing.wait_s,
        },
        cache_errors: all.cache_errors + one.cache_errors,
        ..Server::default()
    };
    for name in all.cpu_s.keys().chain(all.cpu_coarse.keys()) {
        // Absent in one trial is absent in all: else the sum would lack what its requests have.
        if let (Some(all), Some(one)) = (all.cpu_time(name), one.cpu_time(name)) {
            total.set_cpu(name, all.and(one));
        }
    }
    total
}

/// The figures that both have.
fn in_both<T>(
    all: &BTreeMap<String, T>,
    one: &BTreeMap<String, T>,
    add: impl Fn(&T, &T) -> T,
) -> BTreeMap<String, T> {
    all.iter()
        .filter_map(|(key, a)| Some((key.clone(), add(a, one.get(key)?))))
        .collect()
}

/// The figures that either has; what one lacks counts as nothing.
fn in_either<T: Default>(
    all: &BTreeMap<String, T>,
    one: &BTreeMap<String, T>,
    add: impl Fn(&T, &T) -> T,
) -> BTreeMap<String, T> {
    let nothing = T::default();
    all.keys()
        .chain(one.keys())
        .map(|key| {
            let (a, b) = (
                all.get(key).unwrap_or(&nothing),
                one.get(key).unwrap_or(&nothing),
            );
            (key.clone(), add(a, b))
        })
        .collect()
}

fn database_total(all: &Database, one: &Database, mean: impl Fn(f64, f64) -> f64) -> Database {
    let mut retries = all.retries.clone();
    for (state, count) in &one.retries {
        *retries.entry(state.clone()).or_default() += count;
    }
    Database {
        rows_returned: all.rows_returned + one.rows_returned,
        rows_by_index: all.rows_by_index + one.rows_by_index,
        blocks_hit: all.blocks_hit + one.blocks_hit,
        blocks_read: all.blocks_read + one.blocks_read,
        wal_bytes: all.wal_bytes + one.wal_bytes,
        commits: all.commits + one.commits,
        rollbacks: all.rollbacks + one.rollbacks,
        deadlocks: all.deadlocks + one.deadlocks,
        active_mean: mean(all.active_mean, one.active_mean),
        idle_in_transaction_mean: mean(all.idle_in_transaction_mean, one.idle_in_transaction_mean),
        lock_waiters_mean: mean(all.lock_waiters_mean, one.lock_waiters_mean),
        retries,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::CpuTime;

    #[test]
    fn the_figures_of_an_arm_are_sums_over_its_trials_and_absent_where_one_trial_lacks_them() {
        let server = |requests: u64, queries: u64, hits: u64| Server {
            cpu_s: BTreeMap::from([("target-app".to_owned(), 2.0)]),
            requests: Some(requests),
            queries,
            pool_in_use_max: requests as u32,
            cache_lookups: BTreeMap::from([(
                "orders".to_owned(),
                CacheLookUps {
                    hits,
                    all: requests,
                },
            )]),
            database: Some(Database::default()),
            ..Server::default()
        };
        let (small, large) = (server(100, 1_000, 50), server(300, 600, 270));
        let both = server_total(&small, &large, 1.0);
        assert_eq!((both.requests, both.pool_in_use_max), (Some(400), 300));
        assert!((both.cpu_s["target-app"] - 4.0).abs() < 1e-9);
        assert_eq!(both.per_request(both.queries as f64), Some(4.0));
        // Not the mean of 0.5 and 0.9.
        assert_eq!(both.cache_hit_ratio("orders"), Some(0.8));
        let restarted = server_total(&small, &Server::default(), 1.0);
        assert_eq!((restarted.requests, restarted.database), (None, None));
        assert!(restarted.cpu_s.is_empty());
    }

    #[test]
    fn cpu_time_too_little_in_one_trial_is_enough_in_all_of_an_arm() {
        let trial = |spent_s: f64, ticks: f64| {
            let mut server = Server::default();
            let error_s = ticks * 0.01;
            server.set_cpu("postgres", CpuTime { spent_s, error_s });
            server
        };
        let arm = |trials: &[(f64, f64)]| {
            let mut trials = trials.iter().map(|(spent, ticks)| trial(*spent, *ticks));
            let first = trials.next().unwrap();
            let all = trials.enumerate().fold(first, |all, (number, one)| {
                server_total(&all, &one, number as f64 + 1.0)
            });
            all.cpu_s.get("postgres").copied()
        };
        // A backend ended in the second trial, whose 0.13 s are no figure by themselves.
        assert_eq!(arm(&[(0.13, 1.0)]), None);
        assert!((arm(&[(0.15, 0.0), (0.13, 1.0)]).unwrap() - 0.28).abs() < 1e-9);
        assert!((arm(&[(0.13, 1.0), (0.15, 0.0)]).unwrap() - 0.28).abs() < 1e-9);
        // Errors add up: many trials of too little are too little.
        assert_eq!(arm(&[(0.13, 1.0); 8]), None);
        assert_eq!(arm(&[(0.13, 1.0), (0.0, 0.0)]), None);
        // Not seen in one trial is seen in none.
        let unseen = server_total(&trial(0.15, 0.0), &Server::default(), 1.0);
        assert!(unseen.cpu_s.is_empty() && unseen.cpu_coarse.is_empty());
    }

    #[test]
    fn a_time_of_an_exact_clock_takes_the_place_of_too_few_ticks() {
        let mut trial = Server::default();
        let few_ticks = CpuTime {
            spent_s: 0.1,
            error_s: 0.01,
        };
        trial.set_cpu("target-app", few_ticks);
        trial.set_cpu("target-app", CpuTime::exact(0.11));
        let both = server_total(&trial, &trial, 1.0);
        assert!((both.cpu_s["target-app"] - 0.22).abs() < 1e-9);
        assert!(both.cpu_coarse.is_empty());
    }
}
