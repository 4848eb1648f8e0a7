//! Taking a place in a slot: one file a way, chosen by the switch `booking.strategy`.

mod conditional_update;
mod naive;
mod row_lock;
mod strategy;
mod unique_index;

pub(super) use strategy::take;
