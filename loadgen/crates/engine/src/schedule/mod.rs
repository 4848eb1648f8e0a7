//! When to send: the arrivals of an open model, known from the seed before the run, or the rule of a
//! closed one. The driver sends; this value says when.

mod draw;
mod mix;
mod phases;
mod plan;
mod plan_error;
mod replan;
mod share;

pub use draw::{Arrival, ArrivalDraw};
pub use mix::FlowMixes;
pub use plan::{ArrivalPlan, ClosedLoop, Schedule, plan};
pub use plan_error::{MOST_ARRIVALS, PlanError};
pub use replan::Replanner;
pub use share::LoadShare;
