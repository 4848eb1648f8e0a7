//! The services themselves: PostgreSQL, its replica, Redis, PgBouncer, instances of target-app and their balancer
//! as child processes on free loopback ports, in a folder of their own. No process outlives loadgen, however it ends.

mod balancer;
mod bare_programs;
mod binaries;
mod connection_hold;
mod error;
mod failover;
mod faults;
mod folder;
mod links;
mod memory_disk;
mod options;
mod pgbouncer;
mod postgres;
mod process;
mod process_stat;
mod proxy;
mod redis;
mod replica;
mod start;
mod steps;
mod supervisor;
mod system_user;
mod target;

#[cfg(test)]
mod tests;

pub use bare_programs::BarePrograms;
pub use binaries::{missing_programs, target as target_program};
pub use error::StackError;
pub use memory_disk::own_disk_refusal;
pub use options::{ServiceSet, StackOptions};
pub use postgres::OTHER_SERVER;
pub use start::Stack;
