//! Where samples end: one shard a worker, plain memory, no lock, nothing allocated per request.

mod bounds;
mod breakdown;
mod closed_rows;
pub(crate) mod encoded;
mod intervals;
mod op_data;
mod raw_samples;
mod shard;
mod timeline;

pub use bounds::{HIGHEST, record_cut, response_histogram};
pub use breakdown::{Breakdown, PartSums};
pub use intervals::{DistributionKind, IntervalHistograms};
pub use op_data::{CostSums, OpData};
pub use raw_samples::{RawSample, RawSamples};
pub use shard::Shard;
pub use timeline::{ClientTimeline, SecondSlot, Window};
