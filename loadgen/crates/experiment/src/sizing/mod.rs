//! From measured figures and stated assumptions to instances, connections, cores, memory and cost. Each
//! figure names what it was computed from, down to a measurement or an assumption.

mod arithmetic;
mod assumptions;
mod figure;
mod measured;
mod planned;
mod projections;
mod readiness;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod plan_tests;

pub use assumptions::{Assumptions, parse_assumptions, read_assumptions};
pub use figure::{FigureOrigin, PlanFigure};
pub use measured::MeasuredRun;
pub use planned::{SizingPlan, plan};
pub use projections::CapacityProjection;
pub use readiness::{Grade, ReadinessRow, ReadinessTable, ReadinessWord};
