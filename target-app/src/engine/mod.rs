//! The engine: pool, caches and strategies made from one profile, and their exchange under load.

mod build;
mod swap;

pub use build::{Engine, EngineError, Parts};
pub use swap::Engines;
