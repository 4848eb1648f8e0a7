//! Tests that hold the program against the wall clock: run alone and one at a time.

mod bench_target;
mod breakdown;
mod builds;
mod capacity;
mod connections;
mod counts;
mod crash;
mod database;
mod exit_codes;
mod failures;
mod faults;
mod freeze;
mod instances;
mod interrupted;
mod interval_log;
mod overload;
mod queue;
mod starved;
mod topologies;
mod what_if;
mod workers;
