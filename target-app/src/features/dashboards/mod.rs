//! Dashboards of administrators, mentors and students: figures, latest changes and next lessons.

mod cached;
mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod service;

pub(super) use feature::feature;
pub(super) use service::groups;
