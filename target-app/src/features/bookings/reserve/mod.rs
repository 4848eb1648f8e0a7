//! Taking a place in a slot: one file a way, chosen by the switch `bookings.strategy`.

mod advisory_lock;
mod conditional_update;
mod naive;
mod repository;
mod row_lock;
mod serializable;
mod strategy;
mod unique_index;
mod unlocked_counter;

pub(super) use repository::smallest_free_seat;
pub(super) use strategy::{guarded, isolation, take};
