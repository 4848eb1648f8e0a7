//! Where samples end: one shard a worker, plain memory, no lock, nothing allocated per request.

mod anatomy;
mod bounds;
mod intervals;
mod op_data;
mod samples;
mod second;
mod shard;

pub use anatomy::{Anatomy, PartSums};
pub use bounds::{HIGHEST, response_histogram};
pub use intervals::{Course, Kind};
pub use op_data::{CostSums, OpData};
pub use samples::{Raw, Samples};
pub use second::{SecondSlot, Timeline, Window};
pub use shard::Shard;
