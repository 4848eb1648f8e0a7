//! Payments: a booking that has to be paid is a hold until its payment is captured.
//!
//! The provider is asked outside of transactions, and the outcome of a payment comes from its events
//! alone. They may come twice, late and in any order: a payment only ever moves to a higher rank.

mod events;
mod feature;
mod handlers;
mod model;
mod plans;
mod prepare;
mod repository;
mod service;
mod service_refunds;
mod worker;

pub(super) use feature::feature;
pub use prepare::PaymentServices;
