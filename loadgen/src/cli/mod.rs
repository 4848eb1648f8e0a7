//! The command line: parses, calls what is below, prints. Each layer imports only those before it:
//! `flags`, `failure`, `output`, `plan`, `session`, `commands`, `main`; `guards/layers.toml` holds them to it.

mod commands;
#[cfg(test)]
mod documents_tests;
mod failure;
pub mod flags;
mod main;
#[cfg(test)]
mod manifests_tests;
mod output;
mod plan;
mod session;

pub use failure::Failure;
pub use main::main;
