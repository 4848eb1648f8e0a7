//! CodeConnect: a mentoring platform's backend whose optimizations are run-time switches.
//!
//! Read it in this order; a room imports only from the rooms above it.
//!
//! | room | what it holds |
//! |---|---|
//! | [`config`], [`clock`], [`limits`], [`shutdown`], [`timing`] | what the process was told, time, stopping, what a request cost |
//! | [`db`], [`cache`], [`security`], [`telemetry`] | PostgreSQL, cached values, passwords and tokens, the log |
//! | [`error`], [`metrics`], [`seed`] | failures as the API tells them, counters, the data that experiments run on |
//! | [`engine`], [`realtime`] | pool, caches and strategies made from one profile, and their exchange while requests run; who hears what in a chat room |
//! | [`accounts`], [`state`], [`http`] | who is signed in, what handlers share, extractors and layers |
//! | [`features`] | what the platform does, one folder each |
//! | [`lab`], [`router`] | the control plane; every route on one page |
//! | [`app`], [`openapi`], [`cli`] | the door that `main` and the tests enter by |

pub mod accounts;
pub mod app;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod engine;
pub mod error;
pub mod features;
pub mod http;
pub mod lab;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod realtime;
pub mod router;
pub mod security;
pub mod seed;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod timing;
