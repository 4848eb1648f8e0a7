//! Counters: what the HTTP side did, what this process uses, and all of it as Prometheus text.

mod http;
mod memory_limit;
pub mod names;
mod payments;
mod process;
mod prometheus;
mod sessions;

pub use http::HttpCounters;
pub use memory_limit::memory_limit;
pub use payments::{holds_released, payment_event, provider_call, provider_not_asked};
pub use process::process;
pub use prometheus::{Scrape, handle, render};
pub use sessions::{session_ended, session_initiated, signal};
