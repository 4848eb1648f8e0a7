//! Is this machine, and what runs on it, fit to be measured? Each finding says what it would do
//! to the results and how to fix it.

mod examine;
mod finding;
mod kernel;
mod machine;
mod services;

pub use examine::{examine, warnings};
pub use finding::{Finding, FindingLevel, worst};
