//! The services themselves: PostgreSQL, Redis and target-app as child processes on free loopback
//! ports, in a folder of their own. Nothing of them outlives loadgen, however it ends.

mod binaries;
mod error;
mod folder;
mod keeper;
mod options;
mod postgres;
mod redis;
mod service;
mod start;
mod target;

#[cfg(test)]
mod tests;

pub use binaries::missing_programs;
pub use error::StackError;
pub use options::{Services, StackOptions};
pub use start::{Stack, Victim};
