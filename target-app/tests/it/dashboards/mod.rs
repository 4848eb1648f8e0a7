//! Dashboards: what they show, to whom, and from which store.

mod cached;
mod shown;
