//! The services of a stack, and the processes that run them.

use std::fmt;

use loadgen_engine::suite::Topology;

/// A kind of service. A stack may run several processes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRole {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// A replica of PostgreSQL, which follows it.
    Replica,
    /// PgBouncer.
    Pooler,
    /// The target, of which there may be several instances.
    Target,
    /// The balancer before them.
    Balancer,
}

impl ServiceRole {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Postgres,
        Self::Redis,
        Self::Replica,
        Self::Pooler,
        Self::Target,
        Self::Balancer,
    ];

    /// The word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Replica => "replica",
            Self::Pooler => "pgbouncer",
            Self::Target => "target",
            Self::Balancer => "balancer",
        }
    }

    /// Name of its process in samples and results; of the target that of the first instance.
    pub const fn process_name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Replica => "replica",
            Self::Pooler => "pgbouncer",
            Self::Target => TARGET_PROCESS,
            Self::Balancer => "haproxy",
        }
    }
}

/// Name of the target's first instance: the key of its CPU and memory in samples, ticks and stored
/// results. Results that are kept have it already, so it is one name whatever is tested.
pub const TARGET_PROCESS: &str = "target-app";

/// Name of an instance of the target, counted from 0.
pub fn instance_name(index: usize) -> String {
    match index {
        0 => TARGET_PROCESS.to_owned(),
        _ => format!("{TARGET_PROCESS}-{}", index + 1),
    }
}

/// What a stack has in some topologies and not in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyPart {
    /// A replica of the database.
    Replica,
    /// A pooler before it.
    Pooler,
    /// So many instances of the target; with two or more there is a balancer.
    Instances(u16),
}

impl TopologyPart {
    /// The part that a process of that name belongs to; absent where every stack has it, or none.
    pub fn of_process(process: &str) -> Option<Self> {
        let services = [
            (ServiceRole::Replica, Self::Replica),
            (ServiceRole::Pooler, Self::Pooler),
            (ServiceRole::Balancer, Self::Instances(2)),
        ];
        let instance = || {
            let number = process.strip_prefix(TARGET_PROCESS)?.strip_prefix('-')?;
            let number = number.parse::<u16>().ok().filter(|number| *number > 1)?;
            Some(Self::Instances(number))
        };
        let mut services = services.into_iter();
        services
            .find(|(role, _)| role.process_name() == process)
            .map(|(_, part)| part)
            .or_else(instance)
    }

    /// Whether a stack of this topology has it.
    pub const fn is_in(self, topology: Topology) -> bool {
        match self {
            Self::Replica => topology.replica.is_some(),
            Self::Pooler => topology.pooler.is_some(),
            Self::Instances(number) => topology.instances >= number,
        }
    }
}

/// As it is written in a topology.
impl fmt::Display for TopologyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replica => f.write_str("replica"),
            Self::Pooler => f.write_str("pgbouncer"),
            Self::Instances(number) => write!(f, "scale={number}"),
        }
    }
}

/// The main process of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Name under which its CPU and memory are reported: [`ServiceRole::process_name`], and of the target
    /// [`instance_name`]. Unique, but for a balancer that has taken over from others: those are counted
    /// with it.
    pub name: String,
    /// Process id.
    pub pid: u32,
    /// The service that it runs.
    pub role: ServiceRole,
}
