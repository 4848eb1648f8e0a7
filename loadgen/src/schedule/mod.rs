//! When to send: the whole plan of an open model, made before the run, or the rule of a closed
//! one. There is one sender; this is the value that tells it when.

mod onward;
mod phases;
mod plan;

pub use onward::Onward;
pub(crate) use plan::Mix;
pub use plan::{Arrival, Closed, MOST_ARRIVALS, Plan, PlanError, Schedule, plan};
