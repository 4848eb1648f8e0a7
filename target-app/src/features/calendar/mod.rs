//! The calendar: what a mentor offers and gives, or a student takes, over time.
//!
//! An event is a slot together with its active bookings. There is no table of events: reading shows
//! slots and bookings, and moving an event is moving the slot, which `bookings` does.

mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod service;

pub(super) use feature::feature;
