//! The control plane and the health checks.
//!
//! | file | what it answers |
//! |---|---|
//! | `access` | who may: the lab token, or nobody where none is configured |
//! | `health` | is the process up, do its parts answer |
//! | `profile`, `view` | what is in force, and putting another profile in force |
//! | `reset` | database and caches back to the seeded state |
//! | `telemetry`, `probes` | samples of the server and of what it stands on |
//! | `audit` | do the invariants hold |
//! | `explain` | how the statements of an operation are carried out |
//! | `body` | JSON bodies that may be left out |

mod access;
mod audit;
mod body;
mod cached;
mod explain;
mod health;
mod probes;
mod profile;
mod reset;
mod telemetry;
mod view;

pub use access::LabAccess;
pub use audit::*;
pub use explain::*;
pub use health::*;
pub use profile::*;
pub use reset::*;
pub use telemetry::*;
