//! The services of a stack, and the processes that run them.

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

/// The main process of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Name under which its CPU and memory are reported: `postgres`, `redis`, `replica`, `pgbouncer`,
    /// `haproxy`, and of the target [`instance_name`]. Unique, but for a balancer that has taken over from
    /// others: those are counted with it.
    pub name: String,
    /// Process id.
    pub pid: u32,
    /// The service that it runs.
    pub role: ServiceRole,
}
