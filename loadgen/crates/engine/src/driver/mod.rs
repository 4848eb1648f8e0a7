//! Sends the load. A request passes the same steps in every schedule: due, admitted, sent, done,
//! settled. One thread, the pacer, releases arrivals at their time; each worker is one thread with its
//! own event loop, connections and shard, so that no request takes a lock.
//!
//! Imports go one way: `message`, `failure_text` and options at the bottom; `stream`, `http1`, `http2`
//! open connections; users of a worker share `worker_context`; `connection`, `web_socket`,
//! `request_record` serve `user`; `open` and `closed` run users; `run` starts all of it.

mod body_prefix;
mod client_endpoint;
mod client_options;
mod closed;
mod connection;
mod connection_driver;
mod control_receiver;
mod cookie_client;
mod encoding;
mod failure_text;
mod file_limit;
mod generator_limit;
mod histogram_buckets;
mod http1;
mod http2;
mod http_trace;
mod message;
mod open;
mod options;
mod pacer;
mod progress;
mod ramp;
mod received;
mod request_record;
mod request_timer;
mod resend;
mod run;
mod setup;
mod stream;
mod tls;
mod transport;
mod user;
mod user_socket;
mod web_socket;
mod worker_context;
mod worker_share;

#[cfg(test)]
mod tests;

pub use client_options::{ClientOptions, CookieClientOptions};
pub use control_receiver::ControlReceiver;
pub use encoding::Encoding;
pub use file_limit::raise_file_limit;
pub use generator_limit::{GENERATOR_LIMIT, generator_limit, too_few_files};
pub use histogram_buckets::{BUCKET_BOUNDS_MS, ResponseBuckets};
pub use http_trace::HttpTrace;
pub use options::DriverOptions;
pub use progress::{LoadRates, OperationCounts, Progress, ProgressSnapshot};
pub use run::{run, run_with};
pub use setup::{DriverError, DriverSetup, FlowLoad};
pub use tls::{Tls, TlsError, TlsVerification};
