//! The one sender. Whatever the schedule, a request takes one path: due, admitted, sent, done,
//! settled. One operating system thread wakes exactly and tells when; each worker is one thread
//! with its own event loop, connections and shard, so that nothing is locked per request.

mod bench;
mod browser;
mod closed;
mod connection;
mod driven;
mod encoding;
mod file_limit;
mod helm;
mod ladder;
mod multiplex;
mod open;
mod options;
mod pacer;
mod patience;
mod progress;
mod ramp;
mod run;
mod setup;
mod showing;
mod socket;
mod transport;
mod trust;
mod user;
mod wire;

#[cfg(test)]
mod closed_tests;
#[cfg(test)]
mod helm_tests;
#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod options_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod samples_tests;
#[cfg(test)]
mod socket_tests;
#[cfg(test)]
mod truth;

pub use browser::Browser;
pub use encoding::Encoding;
pub use file_limit::raise_file_limit;
pub use helm::Helm;
pub use ladder::{LADDER_MS, Ladder};
pub use options::Options;
pub use progress::{Done, Progress, Rates, Snapshot};
pub use run::{run, run_with};
pub use setup::{DriverError, FlowLoad, Setup};
pub use showing::Showing;
pub use trust::{Trust, TrustError};
pub use wire::{Tls, Wire};
