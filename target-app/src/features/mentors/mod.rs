//! Mentors: discovery, profiles, availability and reviews.

mod cached;
mod cursor;
mod handlers;
mod listing;
mod model;
mod plans;
mod repository;
mod service;

pub(crate) use cached::reload;
pub use handlers::*;
pub(crate) use plans::plans;
