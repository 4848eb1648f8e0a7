//! The suite file: which flows, how much load, which thresholds.

pub mod load;
mod load_spec;
mod model;
mod overrides;
mod rate;
mod reader;
mod topology;
mod yaml_error;

pub use model::{
    Arrivals, FlowShare, InFlight, LoadModel, LoadOptions, Phase, Policy, Suite, Think, UserPhase,
    Windows,
};
pub use topology::Topology;
