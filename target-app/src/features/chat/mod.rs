//! Chat: rooms and history over HTTP, messages over one WebSocket a person and device.
//!
//! Beside the layers of every feature there are those of the socket: `socket` (the loop of one
//! connection) -> `conversation` (the effect of each frame) -> `service`, over `wire` (texts in and
//! out), with `frames` as the format. Fan-out is in `realtime`; `relay` carries it to other instances. `batch` and `repository_batch` store
//! messages of all rooms together.

mod batch;
mod conversation;
mod feature;
mod frames;
mod handlers;
mod model;
mod plans;
mod relay;
mod repository;
mod repository_batch;
mod room_errors;
mod seed;
mod service;
mod socket;
mod wire;

pub(super) use feature::feature;
