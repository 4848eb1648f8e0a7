//! The control plane: profile, reset, audit, telemetry.

mod access;
mod audit;
mod explain;
mod profile;
mod reset;
mod swap;
mod telemetry;
