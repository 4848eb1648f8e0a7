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

/// Whether a process of that name is part of some topologies of a stack and not of others.
pub fn runs_in_some_topologies(process: &str) -> bool {
    let services = [
        ServiceRole::Replica,
        ServiceRole::Pooler,
        ServiceRole::Balancer,
    ];
    let further_instance = process
        .strip_prefix(TARGET_PROCESS)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|number| number.parse::<u16>().ok())
        .is_some_and(|number| number > 1);
    further_instance || services.iter().any(|role| role.process_name() == process)
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
