//! Students as the staff sees them.

mod browsing;
pub(crate) mod operations;
