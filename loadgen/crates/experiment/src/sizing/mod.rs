//! From measured figures and stated assumptions to instances, connections, cores, memory and cost. Each
//! figure names what it was computed from, down to a measurement or an assumption. What was not measured, more
//! instances and more users, is simulated.

mod arithmetic;
mod assumptions;
mod changes;
mod figure;
mod measured;
mod planned;
mod projections;
mod readiness;
mod simulation;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod plan_tests;

pub use assumptions::{Assumptions, parse_assumptions, read_assumptions};
pub use figure::{FigureOrigin, PlanFigure};
pub use measured::MeasuredRun;
pub use planned::{SimulationRequest, SizingPlan, plan};
pub use projections::CapacityProjection;
pub use readiness::{Grade, ReadinessRow, ReadinessTable, ReadinessWord};
pub use simulation::{
    InstanceProjection, PlanSimulation, ScaleProjection, SimulationBounds, SimulationCheck,
};
