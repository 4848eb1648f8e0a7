//! Dashboards: what they show, to whom, and from which store.

mod cached;
pub(crate) mod operations;
mod shown;
