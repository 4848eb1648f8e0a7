//! Attendance: the mentor of a lesson marks who came.

mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod seed;
mod service;

pub(super) use feature::feature;
