//! Mentors: discovery, profiles, availability and reviews.

mod cached;
mod feature;
mod handlers;
mod listing;
mod model;
mod page;
mod pipelined;
mod plans;
mod repository;
mod seed;
mod service;

pub use cached::mentor_group;
pub(super) use feature::feature;
