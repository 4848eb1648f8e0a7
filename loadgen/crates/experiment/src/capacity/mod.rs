//! The highest load that meets an SLO, with both bounds, what saturates first, and how it scales.

mod arms;
mod breakdown;
mod breakdown_plan;
mod breakdown_rules;
#[cfg(test)]
mod breakdown_simulations;
mod breakdown_trial;
mod endings;
mod evaluate;
#[cfg(test)]
pub(crate) mod fixture;
mod outcome;
mod plan;
mod run;
mod saturation;
mod scaling_levels;
mod search;
mod search_plan;
mod search_range;
mod search_votes;
mod soak;
mod verdict;
mod what_if;

pub use arms::{ArmSearch, past_capacity, search_in_turn};
pub use breakdown::run_with_breakdown;
pub use breakdown_plan::{AdmissionPolicy, BreakdownPlan, SpikeTimes};
pub use outcome::{CapacityOutcome, KeptTrial};
pub use plan::CapacityPlan;
pub use run::{OnSearchTrial, audits};
pub use saturation::lowest_missed;
pub use search::{SearchStep, TriedLoad, next_step};
pub use search_plan::{SearchPlan, SearchStage};
pub use search_range::SearchBounds;
pub use soak::SoakPlan;
pub use verdict::verdict_on;
pub use what_if::{WhatIf, run_with_what_if};
