//! The suite file: which flows, how much load, which promises.

mod amount;
pub mod load;
mod model;
mod rate;

pub use model::{
    Arrivals, Conduct, FlowShare, InFlight, LoadModel, Phase, Policy, Suite, Think, UserPhase,
    Windows,
};
