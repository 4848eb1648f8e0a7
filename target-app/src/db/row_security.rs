//! Row-level security: the SQL of `row_security/`, what is in force of it, and statements that run
//! for one person.

use std::sync::Arc;

use futures_util::{FutureExt as _, future::BoxFuture};
use shared::{
    profile::{OnOff, Profile, RowSecurity, SwitchReading},
    row_security::{ENTER, Person, STATE, reading},
};
use sqlx::{PgConnection, PgPool};

use super::{
    DbError, DbSession, Isolation, Retry,
    optimizations::run_ddl,
    transaction::{AttemptStart, TransactionEffect, transaction_of},
};
use crate::timing;

const INDEXED: &str = concat!(
    include_str!("../../row_security/enforce.sql"),
    include_str!("../../row_security/index.sql")
);
const UNINDEXED: &str = concat!(
    include_str!("../../row_security/enforce.sql"),
    include_str!("../../row_security/unindex.sql")
);
const LIFTED: &str = concat!(
    include_str!("../../row_security/lift.sql"),
    include_str!("../../row_security/unindex.sql")
);

const PATH: &str = "db.rls";

const fn statements(wanted: RowSecurity) -> &'static str {
    match wanted {
        RowSecurity::Off => LIFTED,
        RowSecurity::On => INDEXED,
        RowSecurity::OnUnindexed => UNINDEXED,
    }
}

/// Why a profile cannot be put in force: an index of another switch would serve the policies, so that
/// they would not be without one.
pub fn contradiction(profile: &Profile) -> Option<String> {
    let serving = [
        ("index.bookings_student", profile.index_bookings_student),
        ("index.bookings_mentor", profile.index_bookings_mentor),
    ];
    let on: Vec<String> = serving
        .into_iter()
        .filter(|(_, switch)| *switch == OnOff::On)
        .map(|(path, _)| format!("{path}=off"))
        .collect();
    (profile.db_rls == RowSecurity::OnUnindexed && !on.is_empty()).then(|| {
        format!(
            "db.rls=on_unindexed has an index all the same: set {} as well",
            on.join(" and ")
        )
    })
}

/// Puts policies and their indexes in force, or takes them back. What is as wanted is not touched.
pub async fn apply(pool: &PgPool, profile: &Profile) -> Result<(), DbError> {
    let mut conn = pool.acquire().await?;
    if read(&mut conn).await? != profile.db_rls.as_str() {
        run_ddl(&mut conn, statements(profile.db_rls)).await?;
    }
    Ok(())
}

/// `db.rls` as the catalogue has it: `partial` where it is none of the switch's values.
pub async fn readings(pool: &PgPool) -> Result<Vec<SwitchReading>, DbError> {
    let mut conn = pool.acquire().await?;
    Ok(vec![SwitchReading::new(PATH, read(&mut conn).await?)])
}

/// Takes everything back: the state in which data is loaded.
pub(crate) async fn lift(conn: &mut PgConnection) -> Result<(), DbError> {
    sqlx::raw_sql(LIFTED).execute(conn).await?;
    Ok(())
}

async fn read(conn: &mut PgConnection) -> Result<&'static str, DbError> {
    let (enforced, policies, unindexed) = sqlx::query_as::<_, (i64, i64, i64)>(STATE)
        .fetch_one(conn)
        .await?;
    Ok(reading(enforced, policies, unindexed))
}

/// Lets the open transaction work for one person, until it ends.
pub(super) async fn enter(conn: &mut PgConnection, person: Person) -> Result<(), DbError> {
    let query = sqlx::query(ENTER)
        .bind(person.role())
        .bind(person.id().to_string());
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Lets the open transaction work as the application again.
pub(super) async fn leave(conn: &mut PgConnection) -> Result<(), DbError> {
    sqlx::query("select set_config('role', 'none', true)")
        .execute(conn)
        .await?;
    Ok(())
}

impl DbSession {
    /// Runs statements that only read for one person: where row-level security is in force, in a
    /// transaction in which PostgreSQL shows only that person's rows, elsewhere as any others.
    ///
    /// They run once and are not repeated. Only what needs no row of anybody else belongs here. Where
    /// row-level security is in force they run on the primary, also those of a reader and whatever `db.reads`
    /// says: a policy is entered in a transaction, and those begin there.
    pub async fn run_for<T, F>(&mut self, person: Person, work: F) -> Result<T, DbError>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, DbError>>
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
    {
        if !self.is_secured() {
            let mut conn = self.conn().await?;
            return work(&mut conn).await;
        }
        self.secured(person, TransactionEffect::Reads, work).await
    }

    /// The same for one statement that writes.
    pub async fn write_for<T, F>(&mut self, person: Person, work: F) -> Result<T, DbError>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, DbError>>
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
    {
        if !self.is_secured() {
            let mut conn = self.write().await?;
            let done = work(&mut conn).await?;
            conn.commit().await?;
            return Ok(done);
        }
        self.secured(person, TransactionEffect::Writes, work).await
    }

    async fn secured<T, F>(
        &mut self,
        person: Person,
        effect: TransactionEffect,
        work: F,
    ) -> Result<T, DbError>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, DbError>>
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
    {
        // The transaction takes a connection of its own, for which this one might be waited.
        self.release();
        let work = Arc::new(work);
        let start = AttemptStart {
            isolation: Isolation::ReadCommitted,
            lock: None,
            effect,
        };
        transaction_of(self.db(), start, Retry::Never, move |conn| {
            let work = Arc::clone(&work);
            async move {
                enter(conn, person).await?;
                work(conn).await
            }
            .boxed()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::optimizations;

    #[test]
    fn policies_without_an_index_exclude_the_indexes_that_would_serve_them() {
        let mut profile = Profile::before();
        for setting in ["db.rls=on", "db.rls=on_unindexed"] {
            profile.apply(setting).unwrap();
            assert_eq!(contradiction(&profile), None, "{setting}");
        }
        profile.apply("index.bookings_student=on").unwrap();
        let why = contradiction(&profile).unwrap();
        assert!(
            why.ends_with("set index.bookings_student=off as well"),
            "{why}"
        );
        profile.apply("db.rls=on").unwrap();
        assert_eq!(contradiction(&profile), None);
    }

    #[test]
    fn every_switch_whose_index_would_serve_a_policy_is_refused_without_its_own() {
        let begins: Vec<_> = include_str!("../../row_security/index.sql")
            .lines()
            .filter_map(|line| line.split_once(" on ")?.1.strip_suffix(");"))
            .collect();
        assert!(begins.len() >= 3, "{begins:?}");
        for (path, up) in optimizations::indexes() {
            let mut profile = Profile::before();
            profile.apply("db.rls=on_unindexed").unwrap();
            profile.set(path, "on").unwrap();
            let serves = begins.iter().any(|begin| {
                up.contains(&format!("on {begin},")) || up.contains(&format!("on {begin})"))
            });
            assert_eq!(contradiction(&profile).is_some(), serves, "{path}");
        }
    }

    #[test]
    fn every_policy_and_index_is_made_and_taken_back_under_one_name() {
        for (made, taken, up, down) in [
            ("create policy ", "drop policy if exists ", INDEXED, LIFTED),
            (
                "create index if not exists ",
                "drop index if exists ",
                INDEXED,
                UNINDEXED,
            ),
        ] {
            let names = |text: &str, before: &str| -> Vec<String> {
                let lines = text.lines().filter_map(|line| line.strip_prefix(before));
                lines
                    .map(|rest| rest.split([' ', ';']).next().unwrap_or_default().to_owned())
                    .collect()
            };
            let created = names(up, made);
            assert!(created.len() >= 3, "{created:?}");
            for name in &created {
                assert!(names(down, taken).contains(name), "{name}");
            }
        }
    }
}
