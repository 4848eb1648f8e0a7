//! The suite file: which flows, how much load, which promises.

pub mod load;
mod model;

pub use model::{Arrivals, FlowShare, LoadModel, Phase, Suite, Think, Windows};
