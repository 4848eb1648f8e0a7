//! Counters: what the HTTP side did, what this process uses, and all of it as Prometheus text.

mod http;
mod memory_limit;
pub mod names;
mod process;
mod prometheus;

pub use http::HttpCounters;
pub use memory_limit::memory_limit;
pub use process::process;
pub use prometheus::{Scrape, handle, render};
