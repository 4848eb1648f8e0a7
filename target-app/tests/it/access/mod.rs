//! Who may do what, and which cached values each change makes wrong: one row an operation.

mod matrix;
pub(crate) mod mutations;
pub(crate) mod stage;
