//! CodeConnect: a mentoring platform's backend whose optimizations are run-time switches.
//!
//! Read it in this order; a room imports only from the rooms above it.
//!
//! | room | what it holds |
//! |---|---|
//! | [`config`], [`clock`], [`shutdown`], [`timing`] | what the process was told, time, stopping, what a request cost |
//! | [`db`], [`cache`], [`security`], [`telemetry`] | PostgreSQL, cached values, passwords and tokens, the log |
//! | [`error`], [`metrics`] | failures as the API tells them, counters |
//! | [`engine`] | pool, caches and strategies made from one profile, and their exchange while requests run |
//! | [`accounts`], [`state`], [`http`] | who is signed in, what handlers share, extractors and layers |
//! | [`router`] | every route on one page |
//! | [`app`], [`cli`] | the door that `main` and the tests enter by |

pub mod accounts;
pub mod cache;
pub mod clock;
pub mod config;
pub mod db;
pub mod engine;
pub mod error;
pub mod http;
pub mod metrics;
pub mod security;
pub mod seed;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod timing;
pub mod realtime;
pub mod features;
