//! The services of a stack, and the processes that run them.

/// A kind of service. A stack may run several processes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRole {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// target-app, of which there may be several instances.
    Target,
}

impl ServiceRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Redis, Self::Target];

    /// The word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Target => "target",
        }
    }
}

/// The main process of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Unique name, under which its CPU and memory are reported: `postgres`, `redis`,
    /// `target-app`, `target-app-2` …
    pub name: String,
    /// Process id.
    pub pid: u32,
    /// The service that it runs.
    pub role: ServiceRole,
}
