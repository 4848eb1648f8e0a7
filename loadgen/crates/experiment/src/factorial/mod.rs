//! Several switches at once, each at two values, in every combination: which of them matter, and
//! where the effect of one depends on another. `plan` says what is run, `run` runs it, `analysis`
//! turns the figures into effects, `simple` into those of a factor at each setting of others.

mod analysis;
mod plan;
mod run;
mod simple;

pub use analysis::{CellFigures, FactorialAnalysis, FactorialEffect, analyze};
pub use plan::{Factor, FactorialPlan, MAX_REPLICATES, letters};
pub use run::{FactorialOutcome, run};
pub use simple::SimpleEffect;
