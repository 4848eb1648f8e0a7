//! Recorded classes: whose they are, signed links, and their bytes with HTTP ranges.

mod bytes;
mod handlers;
mod model;
mod plans;
mod range;
mod repository;
mod service;

pub use handlers::*;
pub(crate) use plans::plans;
