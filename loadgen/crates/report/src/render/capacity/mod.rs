//! What a report says of a capacity search, of one system or of both arms of an experiment.

mod arms;
mod arms_terminal;
mod breakdown;
mod breakdown_terminal;
mod search;
mod search_terminal;

pub(super) use arms::ArmCapacitiesPage;
pub(super) use search::{CapacityPage, lower_bound, upper_bound};
