//! The commands: what people type, and the order in which the rooms are used.

mod args;
mod audience;
mod bench;
mod calibrate;
mod catalogue;
mod compare;
mod demo;
mod doctor;
mod experiment;
mod experiment_args;
mod factorial;
mod found;
mod github;
mod history;
mod http;
mod interrupt;
mod outcome;
mod overrides;
mod report;
mod results;
mod run;
mod run_all;
mod serve;
mod services;
mod shipped;
mod stack;
mod starter;
mod summary;
mod switches;
mod validate;

pub use args::{Cli, Command};
pub use outcome::{Failure, main};
