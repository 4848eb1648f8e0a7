//! The contract between `target-app` and `loadgen`.
//!
//! Serde types and functions without I/O, but that [`usage`] reads which variables are set: no runtime, no server
//! or client library, so that either program can be read, replaced or tested alone.
//!
//! | module | what it holds |
//! |---|---|
//! | [`api`] | request and response types, one file a feature |
//! | [`profile`] | the closed catalogue of switches and the `before` / `after` values |
//! | [`dataset`], [`media`] | what `seed` creates, computable on both sides |
//! | [`snapshot`] | what the target says of itself at one instant |
//! | [`invariant`], [`ledger`] | what an audit found, and which changes clients were acknowledged |
//! | [`row_security`] | names of row-level security that clients of the database use |
//! | [`problem`], [`headers`], [`paths`] | error bodies, header names, every URL once |
//! | [`address`] | addresses of PostgreSQL and Redis as people write them |
//! | [`timing`] | `Server-Timing`: what one request cost on the server |
//! | [`bounds`] | bounds of what requests carry, checked where it is parsed |
//! | [`hex`] | bytes as hexadecimal digits |
//! | [`text`] | texts of others in one line, as messages quote them, and the nearest word to a mistyped one |
//! | [`usage`] | how both programs read their command line, and the message for a mistyped one |
//! | `words` | enums that are sent and stored as words |
//! | [`ids`], [`money`], [`page`], [`time`], [`number`] | the small types everything else is made of |

pub mod address;
pub mod api;
pub mod bounds;
pub mod dataset;
pub mod headers;
pub mod hex;
pub mod ids;
pub mod invariant;
pub mod ledger;
pub mod media;
pub mod money;
pub mod number;
pub mod page;
pub mod paths;
pub mod problem;
pub mod profile;
pub mod row_security;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod timing;
pub mod usage;
mod words;
