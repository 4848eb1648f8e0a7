//! Where reads go, and how.

use std::{fmt, str::FromStr};

use super::values::{SwitchValue, call, choices};

choices! {
    /// Which server answers the reads that may be a little old.
    ReadSource {
        /// The primary, like everything else.
        Primary = "primary",
        /// A replica, however far it is behind.
        Replica = "replica",
        /// A replica, but the primary for whoever wrote what the replica has not replayed yet.
        ReplicaOwnWrites = "replica_own_writes",
    }
}

impl ReadSource {
    /// Whether reads may leave the primary.
    pub const fn uses_replica(self) -> bool {
        !matches!(self, Self::Primary)
    }
}

/// How reads of one key are sent to PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Driver {
    /// Each on a connection of the pool, which waits for its answer.
    Pooled,
    /// On so many connections that all requests share, without waiting for the answers before.
    Pipelined(u32),
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pooled => f.write_str("pooled"),
            Self::Pipelined(count) => write!(f, "pipelined({count})"),
        }
    }
}

impl FromStr for Driver {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match (text, call(text)) {
            ("pooled", _) => Ok(Self::Pooled),
            (_, Some(("pipelined", numbers)))
                if numbers.len() == 1 && (1..=64).contains(&numbers[0]) =>
            {
                Ok(Self::Pipelined(numbers[0]))
            }
            _ => Err(()),
        }
    }
}

impl SwitchValue for Driver {
    fn accepts() -> String {
        "pooled or pipelined(N) with N from 1 to 64".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        vec!["pooled", "pipelined(2)"]
    }
}
