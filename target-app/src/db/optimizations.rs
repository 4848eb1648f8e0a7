//! Optimizations: indexes that a switch creates or drops while the server runs.
//!
//! The SQL stands in `optimizations/NAME/`. What is in force is read back from the
//! catalogue, never remembered. Nothing here changes an answer, only its cost.

use std::collections::BTreeSet;

use shared::profile::{OnOff, Profile, SwitchReading};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::DbError;

/// Serialises changes of indexes between processes that share a database.
const DDL_LOCK: i64 = 0x0063_635f_6464_6c00;

/// One folder of `optimizations/`.
struct Optimization {
    /// Name of the folder.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests compare it with the disk")
    )]
    name: &'static str,
    /// The switch that it belongs to.
    switch: &'static str,
    /// The index that it makes.
    index: &'static str,
    up: &'static str,
    down: &'static str,
    wanted: fn(&Profile) -> OnOff,
}

macro_rules! optimizations {
    ($( $name:literal, $switch:literal, $field:ident; )+) => {
        const OPTIMIZATIONS: &[Optimization] = &[ $( Optimization {
            name: $name,
            switch: $switch,
            index: concat!($name, "_idx"),
            up: include_str!(concat!("../../optimizations/", $name, "/up.sql")),
            down: include_str!(concat!("../../optimizations/", $name, "/down.sql")),
            wanted: |profile| profile.$field,
        } ),+ ];
    };
}

optimizations! {
    "mentor_active_rating", "index.mentors_active_rating", index_mentors_active_rating;
    "booking_student_scheduled", "index.bookings_student", index_bookings_student;
    "booking_mentor_scheduled", "index.bookings_mentor", index_bookings_mentor;
    "booking_scheduled", "index.bookings_scheduled", index_bookings_scheduled;
    "booking_changed", "index.bookings_changed", index_bookings_changed;
    "student_name", "index.students_name", index_students_name;
    "review_mentor_created", "index.reviews_mentor", index_reviews_mentor;
    "slot_open", "index.slots_open", index_slots_open;
    "mentor_text", "index.mentors_text", index_mentors_text;
    "mentor_price", "index.mentors_price", index_mentors_price;
    "mentor_newest", "index.mentors_newest", index_mentors_newest;
    "chat_member_user", "index.chat_members", index_chat_members;
    "notification_user", "index.notifications_user", index_notifications_user;
}

/// Creates the indexes that the profile has on and drops those that it has off. An index that is
/// already as wanted is not touched, so that no lock is taken for nothing.
pub async fn apply(pool: &PgPool, profile: &Profile) -> Result<(), DbError> {
    let mut conn = pool.acquire().await?;
    let present = valid_indexes(&mut conn).await?;
    for one in OPTIMIZATIONS {
        let wanted = (one.wanted)(profile).is_on();
        if wanted != present.contains(one.index) {
            run_ddl(&mut conn, if wanted { one.up } else { one.down }).await?;
        }
    }
    Ok(())
}

/// The `index.` switches as the catalogue has them: on where the index exists and is valid.
pub async fn readings(pool: &PgPool) -> Result<Vec<SwitchReading>, DbError> {
    let mut conn = pool.acquire().await?;
    let present = valid_indexes(&mut conn).await?;
    Ok(OPTIMIZATIONS
        .iter()
        .map(|one| SwitchReading::new(one.switch, OnOff::from(present.contains(one.index))))
        .collect())
}

/// Drops every optimization: the state in which data is loaded.
pub(crate) async fn drop_all(conn: &mut PgConnection) -> Result<(), DbError> {
    for one in OPTIMIZATIONS {
        sqlx::raw_sql(one.down).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Names of the indexes of this schema that the planner may use.
pub(super) async fn valid_indexes(conn: &mut PgConnection) -> Result<BTreeSet<String>, DbError> {
    let names = sqlx::query_scalar::<_, String>(
        "select pg_class.relname::text
         from pg_index
         join pg_class on pg_class.oid = pg_index.indexrelid
         join pg_namespace on pg_namespace.oid = pg_class.relnamespace
         where pg_index.indisvalid
         and pg_index.indisready
         and pg_namespace.nspname = current_schema()",
    )
    .fetch_all(conn)
    .await?;
    Ok(names.into_iter().collect())
}

/// Runs the statements of one file as a whole: all take effect or none does.
///
/// One message without `begin`: the server makes it one transaction, so that there is no
/// moment at which a cancelled caller could leave one open. The lock waits are bounded.
pub(super) async fn run_ddl(conn: &mut PgConnection, sql: &'static str) -> Result<(), DbError> {
    let whole = format!(
        "set local lock_timeout = '30s';
         set local statement_timeout = '10min';
         select pg_advisory_xact_lock({DDL_LOCK});
         {sql}"
    );
    sqlx::raw_sql(AssertSqlSafe(whole)).execute(conn).await?;
    Ok(())
}

/// The `index.` switches, with the statement that makes the index.
#[cfg(test)]
pub(super) fn indexes() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPTIMIZATIONS.iter().map(|one| (one.switch, one.up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn folder(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    fn folders(name: &str) -> BTreeSet<String> {
        fs::read_dir(folder(name))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn every_optimization_on_disk_has_a_switch_and_every_index_switch_a_folder() {
        let named: BTreeSet<_> = OPTIMIZATIONS
            .iter()
            .map(|one| one.name.to_owned())
            .collect();
        assert_eq!(folders("optimizations"), named);
        let switches: BTreeSet<_> = OPTIMIZATIONS.iter().map(|one| one.switch).collect();
        let catalogue: BTreeSet<_> = shared::profile::SWITCHES
            .iter()
            .map(|switch| switch.path)
            .filter(|path| path.starts_with("index."))
            .collect();
        assert_eq!(switches, catalogue);
    }

    #[test]
    fn every_up_file_says_its_claim_query_cost_and_experiment() {
        for folder_name in ["optimizations", "guards"] {
            for name in folders(folder_name) {
                let up =
                    fs::read_to_string(folder(folder_name).join(&name).join("up.sql")).unwrap();
                for key in ["-- claim: ", "-- query: ", "-- cost: ", "-- experiment: "] {
                    assert!(
                        up.contains(key),
                        "{folder_name}/{name}/up.sql lacks `{key}`"
                    );
                }
                let down =
                    fs::read_to_string(folder(folder_name).join(&name).join("down.sql")).unwrap();
                for sql in [&up, &down] {
                    assert!(sql.contains("if not exists") || sql.contains("if exists"));
                }
            }
        }
    }

    #[test]
    fn every_file_makes_and_drops_the_index_that_is_looked_for() {
        for one in OPTIMIZATIONS {
            assert!(
                one.up
                    .contains(&format!("create index if not exists {}\n", one.index))
            );
            assert!(
                one.down
                    .contains(&format!("drop index if exists {};", one.index))
            );
            assert!((one.wanted)(&Profile::after()).is_on(), "{}", one.name);
            assert!(!(one.wanted)(&Profile::before()).is_on(), "{}", one.name);
            assert_eq!(
                (one.wanted)(&Profile::after()).as_str(),
                Profile::after().get(one.switch).unwrap()
            );
        }
    }
}
