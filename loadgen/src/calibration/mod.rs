//! What the generator itself costs, measured against a target that does nothing and beside two
//! reference loops: the numbers that say how much of a figure can be the generator's.

mod against;
mod allocations;
mod idle;
mod null_target;
mod reference;
mod rounds;

pub use against::{PEER_CONNECTIONS, PeerComparison, PeerTool, against};
pub use allocations::Counting;
pub use idle::idle;
pub use null_target::{NullTarget, serve};
pub use rounds::{Calibration, CalibrationPlan, Costs, LagQuantiles, calibrate, compare};
