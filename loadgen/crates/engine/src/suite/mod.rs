//! The suite file: which flows, how much load, which thresholds.

mod amount;
pub mod load;
mod model;
mod rate;
mod reader;

pub use model::{
    Arrivals, Conduct, FlowShare, InFlight, LoadModel, Phase, Policy, Suite, Think, UserPhase,
    Windows,
};
