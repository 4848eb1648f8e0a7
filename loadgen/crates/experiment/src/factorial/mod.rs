//! Several switches at once, each at two values, in every combination: which of them matter, and
//! where the effect of one depends on another. `plan` says what is run, `run` runs it, `analysis`
//! turns the figures into effects.

mod analysis;
mod plan;
mod run;

pub use analysis::{CellFigures, FactorialAnalysis, FactorialEffect, SimpleEffect, analyze};
pub use plan::{Factor, FactorialPlan, MAX_REPLICATES, letters};
pub use run::{FactorialOutcome, run};
