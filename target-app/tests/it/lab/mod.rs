//! The control plane: profile, reset, audit, telemetry.

mod access;
mod audit;
mod profile;
mod reset;
mod settings;
mod swap;
mod telemetry;
