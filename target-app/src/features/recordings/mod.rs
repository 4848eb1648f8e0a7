//! Recorded classes: whose they are, signed links, and their bytes with HTTP ranges.

mod bytes;
mod handlers;
mod model;
mod range;
mod plans;
mod repository;
mod service;

pub use handlers::*;
pub(crate) use plans::plans;
