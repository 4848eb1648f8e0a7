//! Tests that hold the program against the wall clock with loads that leave the machine idle: two run at a
//! time.

mod breakdown;
mod capacity;
mod exit_codes;
mod failures;
mod interval_log;
