//! Faults that are put into the services of an own stack while load runs, by their names in a suite:
//! `redis.down`. What they do to a process or a connection is done by the crate that starts those.

use std::fmt;

use super::topology::Topology;

use DataService::{Postgres, Redis};
use LinkFault::{Blackhole, HalfOpen, Narrow, Reset, Slow};

/// A service that faults are put into, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultedService {
    /// PostgreSQL, and the way to it.
    Postgres,
    /// Redis, and the way to it.
    Redis,
    /// The replica of PostgreSQL.
    Replica,
    /// PgBouncer.
    Pooler,
    /// The instances of the target.
    Target,
    /// The balancer before them.
    Balancer,
}

/// A service that holds data, and that the target reaches over connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataService {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
}

/// What happens on the way to a data service, both directions of every connection alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFault {
    /// Everything arrives later.
    Slow,
    /// Few bytes a second.
    Narrow,
    /// Connections are reset, the new ones too.
    Reset,
    /// Connections stay open and nothing passes, until it is over.
    Blackhole,
    /// The service's side is closed, the target's stays open and silent.
    HalfOpen,
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Killed, and started again when the time is over.
    Down(DataService),
    /// Stopped by a signal: its connections stay open and nothing answers.
    Paused(DataService),
    /// On the way to it.
    Link(DataService, LinkFault),
    /// Stopped gracefully and started again with its data.
    Restart(DataService),
    /// PostgreSQL: every process killed, started again on the data that they left.
    PostgresKill,
    /// PostgreSQL: no connection is left.
    PostgresConnections,
    /// PostgreSQL: its disk has no space left.
    DiskFull,
    /// PostgreSQL: ends at once and for good; its replica becomes the primary.
    PostgresFailover,
    /// Redis: no memory is left, and nothing may be evicted.
    RedisFull,
    /// Redis: replaced by an empty one.
    RedisEmpty,
    /// The replica of PostgreSQL: killed and started again.
    ReplicaKill,
    /// PgBouncer: killed and started again.
    PoolerKill,
    /// Every instance of the target: killed and started again.
    TargetKill,
    /// The instances of the target: restarted gracefully, one after another.
    TargetRolling,
    /// One of several instances of the target: killed and started again.
    InstanceKill,
    /// One of several instances of the target: stopped by a signal.
    InstancePaused,
    /// The balancer: killed and started again.
    BalancerKill,
    /// The balancer: its configuration read anew.
    BalancerReload,
}

/// Each kind with its name and what it does, in the order in which `loadgen chaos` runs them: those
/// that lose nothing before those that may.
static FAULTS: [(FaultKind, &str, &str); 30] = [
    (
        FaultKind::Link(Redis, Slow),
        "redis.slow",
        "every byte to and from Redis takes 100 ms longer, 50 ms more or less",
    ),
    (
        FaultKind::Link(Redis, Narrow),
        "redis.narrow",
        "each connection to Redis carries 32 KiB a second in each direction",
    ),
    (
        FaultKind::Link(Redis, Reset),
        "redis.reset",
        "connections to Redis are reset, the new ones too",
    ),
    (
        FaultKind::Link(Redis, Blackhole),
        "redis.blackhole",
        "connections to Redis stay open and nothing passes; what waited passes afterwards",
    ),
    (
        FaultKind::Link(Redis, HalfOpen),
        "redis.half_open",
        "Redis has closed its side of every connection and the target is not told; new ones are the same",
    ),
    (
        FaultKind::Paused(Redis),
        "redis.paused",
        "Redis is stopped by SIGSTOP and goes on afterwards",
    ),
    (
        FaultKind::RedisFull,
        "redis.full",
        "Redis has reached maxmemory with noeviction: it refuses every write",
    ),
    (
        FaultKind::Down(Redis),
        "redis.down",
        "Redis is killed, and started again, empty, when the time is over",
    ),
    (
        FaultKind::Restart(Redis),
        "redis.restart",
        "Redis saves its data, stops, and starts again with it",
    ),
    (
        FaultKind::RedisEmpty,
        "redis.empty",
        "Redis is killed and replaced by an empty one at the same address",
    ),
    (
        FaultKind::Link(Postgres, Slow),
        "postgres.slow",
        "every byte to and from PostgreSQL takes 100 ms longer, 50 ms more or less",
    ),
    (
        FaultKind::Link(Postgres, Narrow),
        "postgres.narrow",
        "each connection to PostgreSQL carries 32 KiB a second in each direction",
    ),
    (
        FaultKind::Link(Postgres, Reset),
        "postgres.reset",
        "connections to PostgreSQL are reset, the new ones too",
    ),
    (
        FaultKind::Link(Postgres, Blackhole),
        "postgres.blackhole",
        "connections to PostgreSQL stay open and nothing passes; what waited passes afterwards",
    ),
    (
        FaultKind::Link(Postgres, HalfOpen),
        "postgres.half_open",
        "PostgreSQL has closed its side of every connection and the target is not told; new ones are the same",
    ),
    (
        FaultKind::Paused(Postgres),
        "postgres.paused",
        "every process of PostgreSQL is stopped by SIGSTOP and goes on afterwards",
    ),
    (
        FaultKind::PostgresConnections,
        "postgres.connections",
        "other clients hold every free connection of PostgreSQL: max_connections is reached",
    ),
    (
        FaultKind::DiskFull,
        "disk.full",
        "PostgreSQL's data and log are on a disk of their own, which has no space left",
    ),
    (
        FaultKind::Restart(Postgres),
        "postgres.restart",
        "PostgreSQL is shut down (fast) and started again",
    ),
    (
        FaultKind::PostgresKill,
        "postgres.kill",
        "every process of PostgreSQL is killed; it starts again and recovers from its log",
    ),
    (
        FaultKind::Down(Postgres),
        "postgres.down",
        "PostgreSQL is killed, and started again when the time is over",
    ),
    (
        FaultKind::ReplicaKill,
        "replica.kill",
        "every process of the replica of PostgreSQL is killed; it starts again and follows from where it was",
    ),
    (
        FaultKind::PostgresFailover,
        "postgres.failover",
        "PostgreSQL ends at once and for good, as in a crash; its replica becomes the primary",
    ),
    (
        FaultKind::PoolerKill,
        "pgbouncer.kill",
        "PgBouncer is killed and started again",
    ),
    (
        FaultKind::InstancePaused,
        "instance.paused",
        "one of several instances is stopped by SIGSTOP and goes on afterwards",
    ),
    (
        FaultKind::InstanceKill,
        "instance.kill",
        "one of several instances is killed and started again",
    ),
    (
        FaultKind::TargetRolling,
        "target.rolling",
        "the instances are restarted gracefully, one after another",
    ),
    (
        FaultKind::TargetKill,
        "target.kill",
        "every instance is killed and started again",
    ),
    (
        FaultKind::BalancerReload,
        "balancer.reload",
        "the balancer starts anew beside the running one, which ends with its requests",
    ),
    (
        FaultKind::BalancerKill,
        "balancer.kill",
        "the balancer is killed and started again",
    ),
];

impl FaultKind {
    /// Every kind, in the order in which `loadgen chaos` runs them.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        FAULTS.iter().map(|(kind, ..)| *kind)
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::all();
        all.find(|kind| kind.name() == name)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        let own = FAULTS.iter().find(|(kind, ..)| *kind == self);
        own.expect("a test finds every kind in the table")
    }

    /// Its name in a suite: `redis.down`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it does, in one sentence without its end.
    pub fn help(self) -> &'static str {
        self.row().2
    }

    /// The service that it is put into.
    pub const fn service(self) -> FaultedService {
        match self {
            Self::Down(data) | Self::Paused(data) | Self::Link(data, _) | Self::Restart(data) => {
                match data {
                    Postgres => FaultedService::Postgres,
                    Redis => FaultedService::Redis,
                }
            }
            Self::PostgresKill
            | Self::PostgresConnections
            | Self::DiskFull
            | Self::PostgresFailover => FaultedService::Postgres,
            Self::RedisFull | Self::RedisEmpty => FaultedService::Redis,
            Self::ReplicaKill => FaultedService::Replica,
            Self::PoolerKill => FaultedService::Pooler,
            Self::TargetKill | Self::TargetRolling | Self::InstanceKill | Self::InstancePaused => {
                FaultedService::Target
            }
            Self::BalancerKill | Self::BalancerReload => FaultedService::Balancer,
        }
    }

    /// Whether it is in force for a planned time. The others end by themselves: when the service is
    /// ready again.
    pub const fn lasts(self) -> bool {
        match self {
            Self::Down(_)
            | Self::Paused(_)
            | Self::Link(..)
            | Self::PostgresConnections
            | Self::DiskFull
            | Self::RedisFull
            | Self::InstancePaused => true,
            Self::Restart(_)
            | Self::PostgresKill
            | Self::PostgresFailover
            | Self::RedisEmpty
            | Self::ReplicaKill
            | Self::PoolerKill
            | Self::TargetKill
            | Self::TargetRolling
            | Self::InstanceKill
            | Self::BalancerKill
            | Self::BalancerReload => false,
        }
    }

    /// The service that the target has to reach through a proxy for it, if it has to: its connections
    /// are disturbed, or led to another server.
    pub const fn link(self) -> Option<DataService> {
        match self {
            Self::Link(data, _) => Some(data),
            Self::PostgresFailover => Some(Postgres),
            _ => None,
        }
    }

    /// Why it cannot come after the replica has become the primary; `None`: it can.
    pub(super) const fn gone_with_failover(self) -> Option<&'static str> {
        match self {
            Self::ReplicaKill | Self::PostgresFailover => Some("there is no replica any more"),
            Self::DiskFull => Some("the new primary is on another disk"),
            _ => None,
        }
    }

    /// What a stack of this topology lacks for it; `None`: it has all.
    pub const fn lacks(self, topology: Topology) -> Option<&'static str> {
        match self {
            Self::ReplicaKill | Self::PostgresFailover if topology.replica.is_none() => {
                Some("a replica, like scale=1,replica")
            }
            Self::PoolerKill if topology.pooler.is_none() => {
                Some("a pooler, like scale=1,pgbouncer")
            }
            Self::TargetRolling
            | Self::InstanceKill
            | Self::InstancePaused
            | Self::BalancerKill
            | Self::BalancerReload
                if topology.instances < 2 =>
            {
                Some("several instances behind a balancer, like scale=2")
            }
            _ => None,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_with_a_name_of_its_service_and_a_sentence() {
        let mut names: Vec<&str> = Vec::new();
        for kind in FaultKind::all() {
            let name = kind.name();
            assert_eq!(FaultKind::named(name), Some(kind));
            assert!(!names.contains(&name), "{name} is there twice");
            names.push(name);
            let (service, _) = name.split_once('.').unwrap();
            let of = match kind.service() {
                FaultedService::Postgres if kind == FaultKind::DiskFull => "disk",
                FaultedService::Postgres => "postgres",
                FaultedService::Redis => "redis",
                FaultedService::Replica => "replica",
                FaultedService::Pooler => "pgbouncer",
                FaultedService::Target if name.starts_with("instance") => "instance",
                FaultedService::Target => "target",
                FaultedService::Balancer => "balancer",
            };
            assert_eq!(service, of, "{name}");
            assert!(kind.help().len() > 20 && !kind.help().ends_with('.'));
        }
        // Every kind that the types can express.
        for data in [Postgres, Redis] {
            for kind in [
                FaultKind::Down(data),
                FaultKind::Paused(data),
                FaultKind::Restart(data),
            ] {
                assert!(names.contains(&kind.name()));
            }
            for link in [Slow, Narrow, Reset, Blackhole, HalfOpen] {
                assert!(names.contains(&FaultKind::Link(data, link).name()));
            }
        }
        assert_eq!(names.len(), FAULTS.len());
    }

    #[test]
    fn what_a_topology_lacks_is_named() {
        let scaled: Topology = "scale=2,pgbouncer,replica".parse().unwrap();
        for kind in FaultKind::all() {
            assert_eq!(kind.lacks(scaled), None, "{kind}");
        }
        let alone: Vec<&str> = FaultKind::all()
            .filter(|kind| kind.lacks(Topology::SINGLE).is_some())
            .map(FaultKind::name)
            .collect();
        assert_eq!(
            alone,
            [
                "replica.kill",
                "postgres.failover",
                "pgbouncer.kill",
                "instance.paused",
                "instance.kill",
                "target.rolling",
                "balancer.reload",
                "balancer.kill"
            ]
        );
    }
}
