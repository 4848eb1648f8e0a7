//! What the platform does, one folder each, all alike: `handlers` -> `service` -> `cached` ->
//! `repository` -> `model`. A layer that would only pass a call on is left out.
//!
//! Each `pub mod` is a feature; the build script makes the list of them. `feature` in each folder
//! hands everything to the application: routes, cached kinds, audit, seeded tables, explained
//! statements, what its requests share. A feature may use the services and models of the features above it, in
//! handlers also the extractor, and nothing else of them.

mod all;

pub mod auth;
pub mod dashboards;
pub mod mentors;
pub mod notifications;
pub mod recordings;

pub mod sessions;
pub mod students;

pub mod attendance;

pub mod bookings;
pub mod calendar;
pub mod chat;
pub mod courses;
pub mod payments;

pub use all::{all, prepare, registry, workers};
