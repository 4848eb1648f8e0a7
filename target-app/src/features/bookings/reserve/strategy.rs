//! The choice between the ways, and what they have in common.
//!
//! Each way runs inside the booking's transaction, takes a place, inserts the booking and keeps
//! `slot.booked` in step; it refuses with `SlotFull` when there is no place. They differ in what
//! stops two people from taking one place: that is what the experiments compare.

use chrono::{DateTime, Utc};
use shared::profile::Strategy;
use sqlx::PgConnection;

use super::{
    super::model::{BookingFailure, BookingRefusal, NewBooking},
    advisory_lock, conditional_update, naive,
    repository::SEAT_GUARD,
    row_lock, serializable, unique_index, unlocked_counter,
};
use crate::db::{DbError, Isolation};

/// `invalid_column_reference`: no unique index matches an `on conflict`.
const NO_SUCH_INDEX: &str = "42P10";

/// The isolation that a way's transaction needs.
pub(in super::super) const fn isolation(strategy: Strategy) -> Isolation {
    match strategy {
        Strategy::Serializable => Isolation::Serializable,
        Strategy::Naive
        | Strategy::UnlockedCounter
        | Strategy::RowLock
        | Strategy::ConditionalUpdate
        | Strategy::UniqueIndex
        | Strategy::AdvisoryLock => Isolation::ReadCommitted,
    }
}

/// Takes a place and inserts the booking; answers when it was made.
pub(in super::super) async fn take(
    conn: &mut PgConnection,
    strategy: Strategy,
    booking: &NewBooking,
) -> Result<DateTime<Utc>, BookingFailure> {
    let outcome = match strategy {
        Strategy::Naive => naive::take(conn, booking).await,
        Strategy::RowLock => row_lock::take(conn, booking).await,
        Strategy::ConditionalUpdate => conditional_update::take(conn, booking).await,
        Strategy::UniqueIndex => unique_index::take(conn, booking).await,
        Strategy::AdvisoryLock => advisory_lock::take(conn, booking).await,
        Strategy::Serializable => serializable::take(conn, booking).await,
        Strategy::UnlockedCounter => unlocked_counter::take(conn, booking).await,
    };
    outcome.map_err(guarded)
}

/// Says what a failure means while a switch is being flipped, when one way still has
/// transactions open under the guards of another.
pub(in super::super) fn guarded(failure: BookingFailure) -> BookingFailure {
    match failure {
        // The unique index on seats stands behind every right way: here it was the one to decide.
        // The seat was free when it was chosen, and others may be free still, so the work is run
        // again: it sees the booking that won.
        BookingFailure::Db(DbError::Constraint { name, source }) if name == SEAT_GUARD => {
            BookingFailure::Db(DbError::Serialization(source))
        }
        // The index that `on conflict` names was just lifted.
        BookingFailure::Db(error) if error.sqlstate().as_deref() == Some(NO_SUCH_INDEX) => {
            BookingRefusal::Contention.into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{LostRace, Retryable as _};

    fn violated(name: &str) -> BookingFailure {
        BookingFailure::Db(DbError::Constraint {
            name: name.to_owned(),
            source: sqlx::Error::RowNotFound,
        })
    }

    #[test]
    fn a_seat_that_the_index_refuses_is_a_lost_race() {
        let lost = guarded(violated(SEAT_GUARD)).lost_race();
        assert_eq!(lost, Some(LostRace::Serialization));
    }

    #[test]
    fn any_other_constraint_stays_a_fault() {
        assert!(matches!(
            guarded(violated("booking_seat_check")),
            BookingFailure::Db(_)
        ));
    }
}
