//! What the target does in a second: shown live, exported, and stored by second.

/// A figure by the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateFigure {
    /// PostgreSQL statements.
    Queries,
    /// Write-ahead log.
    LogBytes,
    /// Redis commands.
    RedisCommands,
}

impl RateFigure {
    /// Every figure.
    pub const ALL: [Self; 3] = [Self::Queries, Self::LogBytes, Self::RedisCommands];

    /// As a column and a stored field: `queries_per_s`.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Queries => "queries_per_s",
            Self::LogBytes => "wal_bytes_per_s",
            Self::RedisCommands => "redis_commands_per_s",
        }
    }

    /// What it is, in one sentence without its full stop.
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Queries => {
                "PostgreSQL statements a second that the target sends for requests to its API"
            }
            Self::LogBytes => "Bytes of write-ahead log a second",
            Self::RedisCommands => {
                "Redis commands a second that the target sends for requests to its API, without checks of pooled connections"
            }
        }
    }
}
