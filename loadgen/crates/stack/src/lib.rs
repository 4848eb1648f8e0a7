//! The services themselves: PostgreSQL, its replica, Redis, PgBouncer, instances of target-app and their balancer
//! as child processes on free loopback ports, in a folder of their own. No process outlives loadgen, however it ends.

mod balancer;
mod binaries;
mod connection_hold;
mod error;
mod faults;
mod folder;
mod links;
mod options;
mod pgbouncer;
mod postgres;
mod process;
mod proxy;
mod redis;
mod replica;
mod start;
mod supervisor;
mod system_user;
mod target;

#[cfg(test)]
mod tests;

pub use binaries::missing_programs;
pub use error::StackError;
pub use options::{ServiceSet, StackOptions};
pub use start::Stack;
