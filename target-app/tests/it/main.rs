//! The application over real HTTP and WebSocket on a real PostgreSQL and Redis.
//!
//! One folder a feature, one file an action, one sentence a test. `make test` starts the services. What the tests
//! of all operations (`access`, `lifecycle/one_connection.rs`) need of a feature is in `operations.rs` and `access.txt`
//! of its folder.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends where it stands"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests start from the present, as clients do"
)]

mod access;
mod attendance;
mod auth;
mod bookings;
mod caching;
mod calendar;
mod chat;
mod cli;
mod courses;
mod dashboards;
mod hostile;
mod http;
mod instances;
mod lab;
mod lifecycle;
mod mentors;
mod notifications;
mod payments;
mod plans;
mod pooler;
mod races;
mod recordings;
mod replica;
mod route_coverage;
mod sessions;
mod students;
mod support;
