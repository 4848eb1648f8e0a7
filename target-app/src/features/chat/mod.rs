//! Chat: rooms and history over HTTP, messages over one WebSocket a person and device.
//!
//! `handlers` → `service` (rules) → `repository` (SQL). A socket is `socket` (the loop of one
//! connection) → `conversation` (what each frame brings about) → `service`, over `wire` (texts in
//! and out) in the words of `frames`. Fan-out is `realtime`'s. `batch` and
//! `repository_batch` store messages of all rooms together.

mod batch;
mod conversation;
mod frames;
mod handlers;
mod model;
mod plans;
mod repository;
mod repository_batch;
mod service;
mod socket;
mod wire;

pub use handlers::*;
pub(crate) use plans::plans;
