//! The features, ranked auth, mentors, recordings, bookings, chat: one may use the services of
//! those before it, nothing else of them.

pub mod auth;
pub mod bookings;
pub mod chat;
pub mod mentors;
pub mod recordings;
