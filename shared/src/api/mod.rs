//! Request and response types of the HTTP and WebSocket API, one file a feature; `socket` has what
//! all sockets share.

pub mod attendance;
pub mod auth;
pub mod bookings;
pub mod calendar;
pub mod chat;
pub mod courses;
pub mod dashboards;
pub mod lab;
pub mod mentors;
pub mod notifications;
pub mod payments;
pub mod recordings;
pub mod sessions;
pub mod socket;
pub mod students;
