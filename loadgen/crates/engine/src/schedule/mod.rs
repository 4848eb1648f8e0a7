//! When to send: the whole plan of an open model, made before the run, or the rule of a closed
//! one. The driver sends; this value says when.

mod phases;
mod plan;
mod replan;

pub(crate) use plan::FlowMix;
pub use plan::{Arrival, ArrivalPlan, ClosedLoop, MOST_ARRIVALS, PlanError, Schedule, plan};
pub use replan::Replanner;
