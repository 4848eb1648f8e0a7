//! Sends the load: a pacer thread releases arrivals; each worker is one thread with its own event
//! loop, connections and shard. Imports go from `run` over `open`, `user`, `connection` to `stream`.

mod body_prefix;
mod client_endpoint;
mod client_options;
mod closed;
mod connection;
mod control_receiver;
mod cookie_client;
mod encoding;
mod failure_text;
mod file_limit;
mod first_byte;
mod generator_limit;
mod histogram_buckets;
mod http1_client;
mod http1_error;
mod http1_head;
mod http2;
mod http_trace;
mod message;
mod open;
mod options;
mod pacer;
mod progress;
mod ramp;

mod request_record;
mod request_timer;
mod resend;
mod run;
mod setup;
mod stream;
mod target_addresses;
mod target_url;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
mod user;
mod user_socket;
mod web_socket;
mod worker_context;
mod worker_share;

pub use client_endpoint::Endpoint;
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
pub use target_addresses::{ResolveRule, TargetAddressError, TargetAddresses, UnreachableTarget};
pub use target_url::{TargetUrl, TargetUrlError};
pub use tls::{Tls, TlsError, TlsVerification};
