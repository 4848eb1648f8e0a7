//! The control plane and the health checks.
//!
//! | file | what it does |
//! |---|---|
//! | `access` | access by the lab token; without a configured token there is no control plane |
//! | `health` | is the process up, can it serve |
//! | `profile`, `view` | the profile in force, and putting another one in force |
//! | `reset` | database and caches back to the seeded state |
//! | `telemetry`, `probes` | samples of the server, PostgreSQL and Redis |
//! | `audit`, `cached` | do the invariants hold, in the database and in the caches |
//! | `explain` | query plans of an operation's statements |
//! | `body` | optional JSON bodies |

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
