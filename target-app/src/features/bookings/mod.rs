//! Bookings: a student's place in a slot of a mentor's time.
//!
//! `handlers` → `service` (rules, the one transaction) → `repository`, `idempotency` (SQL).
//! How the capacity of a slot is guarded is a switch: one file a way under `reserve`.

mod handlers;
mod idempotency;
mod model;
mod plans;
mod repository;
mod reserve;
mod service;

pub use handlers::*;
pub(crate) use plans::plans;
pub(crate) use service::reload;
