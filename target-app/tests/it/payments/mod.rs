//! Paying for a booking.

mod access;
mod holds;
mod intent;
pub(crate) mod operations;
mod pay;
mod provider;
mod refund;
mod statements;
mod step;
mod webhook;
mod webhook_storm;
