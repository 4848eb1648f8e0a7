//! Problems that the reference backend's switches, indexes and caches help against, for the rules in
//! [`diagnose`](loadgen_experiment::diagnose). Data only: the rules are generic.

mod catalog;
mod indexes;
mod notes;
mod switches;

#[cfg(test)]
mod tests;

pub use catalog::hints;
