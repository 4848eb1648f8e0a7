//! Chat: rooms and history over HTTP, messages over one WebSocket a person and device.
//!
//! Beside the layers of every feature there are those of the socket: `socket` (one connection) ->
//! `conversation` (the effect of each frame) -> `service`, with `frames` as the format. The loop of a
//! connection and fan-out are in `realtime`. `service_batch` and `repository_batch` store messages of all
//! rooms together, which wait in the `outbox`.

mod conversation;
mod feature;
mod frames;
mod handlers;
mod model;
mod outbox;
mod plans;
mod repository;
mod repository_batch;
mod room_errors;
mod seed;
mod service;
mod service_batch;
mod socket;

pub(super) use feature::feature;
