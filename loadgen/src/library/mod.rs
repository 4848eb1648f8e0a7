//! The suites and experiments that are bundled with the program: every YAML file of the folders
//! `suites/` and `experiments/`, embedded at build time. `find` looks one up by path or name.

mod bundled;
#[cfg(test)]
mod documents_tests;
mod find;
#[cfg(test)]
mod readme_tests;
#[cfg(test)]
mod smoke_tests;

pub use find::{SourceFile, experiment_names, find_experiment, find_file, find_suite, suite_names};
