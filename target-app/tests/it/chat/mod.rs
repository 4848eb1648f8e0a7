//! Chat over a WebSocket, and its history over HTTP.

mod batched;
mod history;
mod lifecycle;
pub(crate) mod operations;
mod refusals;
mod resume;
mod revoked;
mod room;
mod send;
mod sequence;
