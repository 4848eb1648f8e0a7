//! A load that several worker processes generate, on one machine or on several: one coordinator plans it,
//! they meet over Redis, begin at one instant, and send what they measured back.
//!
//! Nothing of the load itself goes through Redis, and no secret does: a worker signs in like any client.

mod address;
mod coordinator;
mod error;
mod keys;
mod link;
mod message;
mod offset;
mod packed_result;
mod part_load;
mod plan;
mod worker;
mod worker_table;
mod workers_load;

pub use address::RedisAddress;
pub use coordinator::Coordinator;
pub use error::CoordinationError;
pub use part_load::PartLoad;
pub use plan::RunPlan;
pub use worker::{JoinedWorker, PartResult};
pub use workers_load::WorkersLoad;
