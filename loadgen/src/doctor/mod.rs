//! Checks whether this machine, and what runs on it, is suited for measurements. Each finding names
//! its effect on results and how to fix it.

mod examine;
mod finding;
mod kernel;
mod machine;
mod services;

pub use examine::{examine, warnings};
pub use finding::{Finding, FindingLevel, worst};
