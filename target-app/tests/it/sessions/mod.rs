//! Video classes: initiating, joining, signalling, ending.

mod access;
mod end;
mod initiate;
mod revoked;
mod signalling;
pub(crate) mod step;
mod unruly;
