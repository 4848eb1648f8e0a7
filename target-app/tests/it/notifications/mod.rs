//! Notifications: listed, marked read, written with what causes them, pushed.

mod access;
pub(crate) mod operations;
mod reading;
mod writing;
