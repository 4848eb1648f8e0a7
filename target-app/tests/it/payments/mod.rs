//! Paying for a booking.

mod access;
mod holds;
mod intent;
mod pay;
mod provider;
mod refund;
mod statements;
pub(crate) mod step;
mod webhook;
mod webhook_storm;
