//! Guards: constraints that are in force unless an arm is marked as known to be wrong.
//!
//! The SQL is in `guards/NAME/`. Without its guard the database accepts wrong rows; an arm that is
//! known to be wrong runs like that to prove that the audit finds them.

use std::collections::BTreeMap;

use shared::profile::{OnOff, Profile};
use sqlx::{PgConnection, PgPool};

use super::{
    DbError,
    optimizations::{run_ddl, valid_indexes},
};

/// The unique index of the one guard: no place of a slot is taken twice.
pub const SLOT_SEAT: &str = "booking_slot_id_seat_active_key";

const SLOT_SEAT_UP: &str = include_str!("../../guards/booking_slot_seat/up.sql");
const SLOT_SEAT_DOWN: &str = include_str!("../../guards/booking_slot_seat/down.sql");

/// Creates the guards, or drops them where the profile's booking strategy is known to be wrong.
///
/// Fails with a violation of [`SLOT_SEAT`] when a known-wrong arm left rows that break it: the
/// database has to be reset before the guard can be created again.
pub async fn apply(pool: &PgPool, profile: &Profile) -> Result<(), DbError> {
    let mut conn = pool.acquire().await?;
    let wanted = !profile.bookings_strategy.is_known_wrong();
    if wanted != valid_indexes(&mut conn).await?.contains(SLOT_SEAT) {
        run_ddl(
            &mut conn,
            if wanted { SLOT_SEAT_UP } else { SLOT_SEAT_DOWN },
        )
        .await?;
    }
    Ok(())
}

/// Each guard by the name of its folder: on where the catalogue has its index.
pub async fn in_force(pool: &PgPool) -> Result<BTreeMap<&'static str, OnOff>, DbError> {
    let mut conn = pool.acquire().await?;
    let up = valid_indexes(&mut conn).await?.contains(SLOT_SEAT);
    Ok(BTreeMap::from([("booking_slot_seat", OnOff::from(up))]))
}

/// Creates every guard over the loaded data.
pub(crate) async fn raise_all(conn: &mut PgConnection) -> Result<(), DbError> {
    sqlx::raw_sql(SLOT_SEAT_UP).execute(conn).await?;
    Ok(())
}

/// Drops every guard's index for the time of a bulk load.
pub(crate) async fn drop_all(conn: &mut PgConnection) -> Result<(), DbError> {
    sqlx::raw_sql(
        "drop index if exists booking_slot_id_seat_active_key;
         drop index if exists booking_slot_id_active_idx;",
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_is_made_and_dropped_under_the_name_that_is_looked_for() {
        assert!(SLOT_SEAT_UP.contains(&format!("create unique index if not exists {SLOT_SEAT}\n")));
        assert!(SLOT_SEAT_DOWN.contains(&format!("drop index if exists {SLOT_SEAT};")));
    }

    #[test]
    fn a_wrong_arm_keeps_an_index_for_the_look_ups_that_the_guard_served() {
        assert!(SLOT_SEAT_DOWN.contains("create index if not exists booking_slot_id_active_idx\n"));
        assert!(SLOT_SEAT_UP.contains("drop index if exists booking_slot_id_active_idx;"));
    }
}
