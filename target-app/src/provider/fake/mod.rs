//! A provider that takes no money and fails on demand: it answers the calls of a provider and sends
//! signed webhooks, twice, late or in the wrong order as often as it is to.
//!
//! It keeps nothing: the name that it gives a payment holds its id and amount, and the ids of events
//! follow from it. So it answers repetitions alike, also after a restart or beside another one.

mod delivery;
mod server;

pub use server::FakeProvider;
