//! When to send: the whole plan of an open model, made before the run, or the rule of a closed
//! one. The driver sends; this value says when.

mod mix;
mod phases;
mod plan;
mod replan;

pub use mix::FlowMixes;
pub use plan::{Arrival, ArrivalPlan, ClosedLoop, MOST_ARRIVALS, PlanError, Schedule, plan};
pub use replan::Replanner;
