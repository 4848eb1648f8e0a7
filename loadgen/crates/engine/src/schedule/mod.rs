//! When to send: the whole plan of an open model, made before the run, or the rule of a closed
//! one. The driver sends; this value says when.

mod mix;
mod phases;
mod plan;
mod plan_error;
mod replan;

pub use mix::FlowMixes;
pub use plan::{Arrival, ArrivalPlan, ClosedLoop, Schedule, plan};
pub use plan_error::{MOST_ARRIVALS, PlanError};
pub use replan::Replanner;
