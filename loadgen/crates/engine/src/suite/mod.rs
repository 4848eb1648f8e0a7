//! The suite file: which flows, how much load, which thresholds.

mod fault;
mod fault_plan;
mod fault_spec;
pub mod load;
mod load_spec;
mod model;
mod overrides;
mod rate;
mod reader;
mod topology;
mod yaml_error;

pub use fault::{DataService, FaultKind, FaultedService, LinkFault};
pub use fault_plan::{PlannedFault, fault_problem};
pub use model::{
    Arrivals, FlowShare, InFlight, LoadModel, LoadOptions, Phase, Policy, Suite, Think, UserPhase,
    Windows,
};
pub use topology::Topology;
