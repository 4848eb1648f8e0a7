//! Where reads go.

use std::{fmt, str::FromStr};

use super::values::{SwitchValue, choices};

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
