//! The control plane: profile, reset, audit, telemetry.

mod access;
mod audit;
mod explain;
mod ledger;
mod owners;
mod profile;
mod reset;
mod round_trip;
mod row_security;
mod settings;
mod slowdown;
mod swap;
mod telemetry;
