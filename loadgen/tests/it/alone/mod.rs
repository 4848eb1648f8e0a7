//! Tests that compare times closely, or take the machine for themselves: run alone and one at a time.

mod connections;
mod freeze;
mod idle;
mod overload;
mod queue;
mod starved;
