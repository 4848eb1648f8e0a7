//! Tests of commands that start services of their own: mostly they wait for these, so three run at a time.

mod bench_target;
mod builds;
mod counts;
mod crash;
mod database;
mod faults;
mod guides;
mod instances;
mod interrupted;
mod topologies;
mod what_if;
mod workers;
