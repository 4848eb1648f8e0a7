//! Is this machine, and what runs on it, fit to be measured? Each finding says what it would do
//! to the results and how to mend it.

mod examine;
mod finding;
mod kernel;
mod machine;
mod services;

pub use examine::{examine, worrying};
pub use finding::{Finding, Level, worst};
