//! Everything that `loadgen` knows of the reference backend, CodeConnect.

pub mod hints;
mod metrics;

pub use metrics::{CACHE_KINDS, metric_names};
