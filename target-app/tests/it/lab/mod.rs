//! The control plane: profile, reset, audit, telemetry.

mod access;
mod audit;
mod explain;
mod ledger;
mod owners;
mod profile;
mod reset;
mod settings;
mod slowdown;
mod swap;
mod telemetry;
