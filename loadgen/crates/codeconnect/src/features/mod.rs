//! What users of the reference backend do, in order, and what the right responses look like.
//!
//! Each `pub mod` is a feature and has a `FEATURE`; the build script makes the list of them, in this
//! order.

mod registry;
#[cfg(test)]
mod scripted;

pub mod auth;
pub mod dashboards;
pub mod health;
pub mod mentors;

pub mod attendance;
pub mod bookings;
pub mod calendar;
pub mod courses;
pub mod payments;
pub mod recordings;
pub mod sessions;
pub mod students;

pub mod chat;
pub mod notifications;

pub mod database;

pub use registry::{FEATURES, bind, cache_kinds, caches, catalog, needs_database, needs_staff};
