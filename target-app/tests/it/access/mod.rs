//! Who may do what, and which cached values each change makes wrong: one row an operation.

mod matrix;
mod mutations;
pub(crate) mod operations;
pub(crate) mod stage;
