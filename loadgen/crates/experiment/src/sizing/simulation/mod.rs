//! The simulation of a plan: a model of the measured system, fitted to one run, held against others, and used
//! for instances and loads that were not measured.
//!
//! | module | content |
//! |---|---|
//! | `calibration` | what the model takes from a run |
//! | `fitted` | which run, and the figures of the model |
//! | `limits` | what bounds a simulation |
//! | `configuration` | what a run has that the model can be held against |
//! | `layout` | the model on one machine, as it was measured, and with a machine for each part |
//! | `validation` | simulated beside measured for runs that it was not fitted to |
//! | `projected` | the system that projections are made for |
//! | `instance_rows`, `scale_rows` | more instances, and many times the users |
//! | `slo` | the limit that simulated loads have to meet |
//! | `section` | what a plan says of it |
//! | `simulated_plan` | all of it together |

mod calibration;
mod configuration;
mod fitted;
mod instance_rows;
mod layout;
mod limits;
mod projected;
mod scale_rows;
mod section;
mod simulated_plan;
mod slo;
mod validation;

#[cfg(test)]
mod simulation_tests;

pub use limits::SimulationBounds;
pub use section::{InstanceProjection, PlanSimulation, ScaleProjection, SimulationCheck};
pub(super) use simulated_plan::simulated_plan;
