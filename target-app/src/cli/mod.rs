//! The command line: what can be asked, doing it, and the exit code.

mod args;
mod exit;
mod healthcheck;
mod run;

pub use args::{Cli, Command};
pub use exit::Exit;
