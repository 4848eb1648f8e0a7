//! CodeConnect: a mentoring platform's backend whose optimizations are run-time switches.
//!
//! Read it in this order; a module imports only from the modules above it.
//!
//! | module | contents |
//! |---|---|
//! | `chance`, [`config`], [`clock`], [`limits`], [`shutdown`], [`timing`] | chance, settings of the process, time, stopping, the cost of a request |
//! | [`db`], [`cache`], [`security`], [`telemetry`] | PostgreSQL, cached values, passwords and tokens, the log |
//! | [`error`], [`text`], [`paging`], [`idempotency`] | failures as the API shows them, bounds of texts, parts of lists, one effect a key |
//! | [`metrics`], [`seed`] | counters, the data that experiments run on |
//! | [`provider`] | the payment provider: calls, breaker, signature, and one that takes no money |
//! | [`engine`], [`realtime`] | pool, caches and strategies made from one profile, and their exchange while requests run; fan-out in chat rooms |
//! | [`registry`], [`state`], [`http`], [`feature`] | what all features hand over, what handlers share, extractors and layers, what one feature hands over |
//! | [`features`] | what the platform does, one folder each |
//! | [`lab`], [`router`] | the control plane; the routes and their layers |
//! | [`app`], [`openapi`], [`cli`] | where `main` and the tests start |

pub mod app;
#[cfg(test)]
mod bans;
pub mod cache;
mod chance;
pub mod cli;
pub mod clock;
pub mod config;
mod connections;
pub mod db;
pub mod engine;
pub mod error;
pub mod feature;
pub mod features;
mod frame_exchange;
pub mod http;
pub mod idempotency;
pub mod lab;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod paging;
pub mod provider;
mod purge;
pub mod realtime;
pub mod registry;
pub mod router;
pub mod security;
pub mod seed;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod text;
pub mod timing;
