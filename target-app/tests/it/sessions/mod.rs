//! Video classes: initiating, joining, signalling, ending.

mod access;
mod end;
mod initiate;
mod signalling;
pub(crate) mod step;
mod unruly;
