//! Notifications: listed, marked read, written with what causes them, pushed.

mod access;
mod reading;
mod writing;
