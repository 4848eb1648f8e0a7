//! Tests that hold the program against the wall clock: run alone and one at a time.

mod breakdown;
mod capacity;
mod connections;
mod exit_codes;
mod failures;
mod freeze;
mod interval_log;
mod overload;
mod queue;
mod starved;
