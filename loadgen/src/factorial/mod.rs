//! Several switches at once, each at two values, in every combination: which of them matter, and
//! where the effect of one depends on another. `plan` says what is run, `run` runs it, `reading`
//! turns the figures into effects.

mod plan;
mod reading;
mod run;

pub use plan::{Factor, MOST_REPLICATES, Plan, letters};
pub use reading::{CellFigures, Effect, Reading, SimpleEffect, read};
pub use run::{Finished, run};
