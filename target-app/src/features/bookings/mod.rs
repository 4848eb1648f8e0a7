//! Bookings: a student's place in a slot of a mentor's time.
//!
//! How the capacity of a slot is guarded is a switch: one file a way under `reserve`.

mod cached;
mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod repository_holds;
mod repository_move;
mod repository_precheck;
mod repository_reschedule;
mod reserve;
mod seed;
mod service;
mod service_holds;
mod service_move;
mod service_reschedule;

pub(super) use feature::feature;
pub(super) use model::PayableBooking;
pub(super) use service_holds::{
    RELEASED_AT_ONCE, cancel_by_refund, end_hold, groups_of, lock_payable, release_expired,
    student_pages,
};
pub(super) use service_move::{MoveAttempt, move_slot};
