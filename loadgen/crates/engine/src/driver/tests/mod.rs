//! The driver against a test server with known behaviour.

mod closed;
mod closed_sockets;
mod endpoints;
mod iterations;
mod kept_connections;
mod limits;
mod load_control;
mod long_bodies;
mod lost_sockets;
mod open;
mod options;
mod raw;
mod raw_responses;
mod refused_streams;
mod request_bytes;
mod samples;
mod server;
mod shares;
mod tls;
mod url_properties;
mod web_socket;
