//! Recorded classes: whose they are, signed links, and their bytes with HTTP ranges.

mod feature;
mod handlers;
mod model;
mod plans;
mod range;
mod repository;
mod response;
mod seed;
mod service;

pub(super) use feature::feature;
pub(super) use service::record_session;
