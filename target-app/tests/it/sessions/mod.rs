//! Video classes: initiating, joining, signalling, ending.

mod access;
mod end;
mod initiate;
pub(crate) mod operations;
mod revoked;
mod signalling;
pub(crate) mod step;
mod unruly;
