//! The engine: everything built from one profile (pool, caches, hasher, admission limiter,
//! policies), what of it is in force, and its replacement under load.

mod admission;
mod build;
mod change;
mod gradient;
mod in_force;
mod load;
mod policies;
mod swap;

pub use admission::{AdmissionCounters, AdmissionLimiter, AdmissionPermit, Shed};
pub use build::{Engine, EngineError, EngineParts};
pub use in_force::{OwnedValues, OwnerReport, SwitchOwner};
pub use policies::{
    BookingPolicy, ChatPolicy, HttpPolicy, LoginPolicy, MentorListPolicy, Policies,
};
pub use swap::Engines;
