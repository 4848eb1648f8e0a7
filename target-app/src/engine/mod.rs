//! The engine: pool, caches and strategies made from one profile, and their exchange under load.

mod admission;
mod build;
mod gradient;
mod swap;

pub use admission::{Admission, AdmissionCounters, Place, Shed};
pub use build::{Engine, EngineError, Parts};
pub use swap::Engines;
