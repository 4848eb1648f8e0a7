//! Many who want the same thing at the same instant.

mod churn;
mod group_slot;
mod naive;
mod reschedule;
mod retries;
mod same_student;
mod seat_conflict;
mod single_slot;
mod unlocked_counter;
