//! The driver against a test server with known behaviour.

mod closed;
mod endpoints;
mod limits;
mod load_control;
mod open;
mod options;
mod request_bytes;
mod samples;
mod server;
mod web_socket;
