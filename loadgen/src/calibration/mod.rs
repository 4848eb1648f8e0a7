//! What the generator itself costs, measured against a target that does nothing and beside two
//! reference loops: the numbers that say how much of a figure can be the generator's. And what the reference
//! backend costs, beside the bare parts it stands on.

mod against;
mod allocations;
mod children_cpu;
mod idle;
mod null_target;
mod peer_load;
mod peer_tool;
mod reference;
mod rounds;
mod spread;
mod stolen;
mod target;

pub use against::{PeerComparison, PeerPlan, against};
pub use allocations::Counting;
pub use idle::idle;
pub use null_target::{NullTarget, serve};
pub use peer_load::{LoginMix, PeerLoad, login_requests};
pub use peer_tool::{PEER_CONNECTIONS, PeerTool};
pub use rounds::{Calibration, CalibrationPlan, Costs, LagQuantiles, calibrate, compare};
pub use spread::RoundSpread;
pub use stolen::{StealMeter, stolen_line};
pub use target::{
    AimLimit, AimVerdict, OtherRoutes, PartComparison, PartSide, PartUnit, TargetBench,
    TargetComparison, TargetPlan, compare_target,
};
