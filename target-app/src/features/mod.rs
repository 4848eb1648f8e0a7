//! The features, ranked: one may use the services of those above it, nothing else of them.

pub mod auth;
pub mod mentors;
pub mod recordings;
pub mod bookings;
pub mod chat;
