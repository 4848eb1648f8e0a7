//! Load generation: what a suite says, when to send, how to send, and what was recorded. Knows no
//! application.
//!
//! | module | content |
//! |---|---|
//! | [`units`], [`clock`], [`sample`] | times and rates, the one clock, one measured request |
//! | [`request`], [`reply_headers`], [`check`], [`flow`] | a request, headers of a response, the ways to look into a response, what a user does |
//! | [`threshold`], [`suite`] | one threshold; a suite: flows, load, thresholds |
//! | [`recorder`], [`schedule`] | histograms by operation and second; when to send |
//! | [`load_control`], [`driver`] | changes of the running load; the clients and executors |
//! | [`spool`] | bytes that are read only at the end of a load |
//! | [`thread_priority`] | which threads run first on a shared machine |
//! | [`aggregator`] | all shards of a trial as one, and its files |

pub mod aggregator;
pub mod check;
pub mod clock;
pub mod driver;
pub mod flow;
pub mod load_control;
pub mod recorder;
pub mod reply_headers;
pub mod request;
pub mod sample;
pub mod schedule;
pub mod spool;
pub mod suite;
pub mod thread_priority;
pub mod threshold;
pub mod units;
