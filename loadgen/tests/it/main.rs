//! The real program against a server whose truth is known.
//!
//! `alone` and `timed` hold it against the wall clock, one and two tests at a time. Those of `stacks` start
//! services of their own, three at a time. A test of any kind that fails is repeated (`scripts/repeat-tests.sh`). `browser`
//! looks at pages in a Chromium, `terminal` at the live view in a tmux. The others need no clock.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends where it stands"
)]

mod addresses;
mod alone;
mod baseline;
mod browser;
mod compose;
mod direct;
mod history;
mod http_flags;
mod late_signals;
mod missing_names;
mod observability;
mod outputs;
mod plan;
mod published;
mod readme;
mod reports;
mod results;
mod scripts;
mod socket_limit;
mod stacks;
mod support;
mod terminal;
mod timed;
mod transports;
mod usage;
mod verdicts;
mod web;
