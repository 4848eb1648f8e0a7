//! Statements of one person, each in a transaction that begins by saying who that is.

use std::ops::{Deref, DerefMut};

use shared::{
    ids::UserId,
    row_security::{ENTER, Person},
};
use sqlx::{
    Connection as _, PgConnection, Postgres, Row as _, pool::PoolConnection, postgres::PgRow,
};
use uuid::Uuid;

use super::target::DatabaseTarget;
use loadgen_engine::{driver::generator_limit, flow::Failed, sample::Outcome};

/// A connection of a user's own, or one that was lent by the pool.
#[derive(Debug)]
pub enum DatabaseConnection {
    /// Kept from one query to the next.
    Own(Box<PgConnection>),
    /// Goes back after each.
    Lent(PoolConnection<Postgres>),
}

impl DatabaseConnection {
    /// Opens one, or waits for one of the pool.
    pub async fn get(target: &DatabaseTarget) -> Result<Self, Failed> {
        let found = match target.pool() {
            Some(pool) => pool.acquire().await.map(Self::Lent),
            None => target.connect().await.map(|conn| Self::Own(Box::new(conn))),
        };
        found.map_err(|error| not_connected(&error))
    }

    /// Ends a connection on which a query failed: it may be in the middle of one.
    pub fn discard(self) {
        if let Self::Lent(mut conn) = self {
            conn.close_on_drop();
        }
    }
}

impl Deref for DatabaseConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Lent(conn) => conn,
        }
    }
}

impl DerefMut for DatabaseConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Lent(conn) => conn,
        }
    }
}

/// A statement that reads rows of one person.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    /// Where policies are in force: they select the rows, the statement has no condition on the
    /// person.
    secured: &'static str,
    /// Without policies: the person is the first parameter.
    unsecured: &'static str,
}

macro_rules! reads {
    ($( $before:literal, $after:literal; )+) => {
        /// What is read, each as often as the others. The first column is the person.
        pub const READS: &[Read] = &[ $( Read {
            secured: concat!("select student_id, ", $before, " where true ", $after),
            unsecured: concat!("select student_id, ", $before, " where student_id = $1 ", $after),
        } ),+ ];
    };
}

reads! {
    "id, status, scheduled_at, price_cents from booking", "order by scheduled_at desc, id desc limit 20";
    "id, scheduled_at from booking", "and status = 'confirmed' and scheduled_at > now() order by scheduled_at limit 10";
    "sum(price_cents)::bigint, count(*) from booking", "and status <> 'cancelled' group by student_id";
    "id, reason, occurred_at from booking_conflict", "order by id desc limit 20";
}

/// The table that is written.
pub const CONFLICTS: &str = "booking_conflict";
const INSERT: &str = "insert into booking_conflict (slot_id, student_id, reason)
     values ($1, $2, $3)
     returning id";
const UPDATE: &str = "update booking_conflict
     set occurred_at = now()
     where id = $1 and student_id = $2 and reason = $3
     returning id";

/// A row that a user wrote: its number, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Number of the row.
    pub id: i64,
    /// Whose it is.
    pub student: UserId,
}

/// One query of the load.
#[derive(Debug, Clone, Copy)]
pub enum DirectQuery {
    /// Rows of one person.
    Read {
        /// What is read.
        read: Read,
        /// Of whom.
        student: UserId,
    },
    /// A refusal of that slot is added to that person's.
    Insert {
        /// Whose it is.
        student: UserId,
        /// What was refused.
        slot: Uuid,
    },
    /// A row that was added before is changed.
    Update(Written),
}

impl DirectQuery {
    const fn student(&self) -> UserId {
        match self {
            Self::Read { student, .. } | Self::Insert { student, .. } => *student,
            Self::Update(row) => row.student,
        }
    }

    /// Runs it in a transaction; the row that was written.
    pub async fn run(
        self,
        conn: &mut PgConnection,
        target: &DatabaseTarget,
    ) -> Result<Option<Written>, Failed> {
        let done = self.transact(conn, target).await;
        done.map_err(|error| failed(&error))?
    }

    async fn transact(
        self,
        conn: &mut PgConnection,
        target: &DatabaseTarget,
    ) -> Result<Result<Option<Written>, Failed>, sqlx::Error> {
        let student = self.student();
        let mut open = conn.begin().await?;
        if target.is_secured() {
            let person = Person::Student(student);
            sqlx::query(ENTER)
                .bind(person.role())
                .bind(person.id().to_string())
                .execute(&mut *open)
                .await?;
        }
        let outcome = match self {
            Self::Read { read, .. } => {
                let rows = if target.is_secured() {
                    sqlx::query(read.secured).fetch_all(&mut *open).await?
                } else {
                    let query = sqlx::query(read.unsecured).bind(student.0);
                    query.fetch_all(&mut *open).await?
                };
                own(&rows, student).map(|()| None)
            }
            Self::Insert { slot, .. } => {
                let row: (i64,) = sqlx::query_as(INSERT)
                    .bind(slot)
                    .bind(student.0)
                    .bind(target.tag())
                    .fetch_one(&mut *open)
                    .await?;
                Ok(Some(Written { id: row.0, student }))
            }
            Self::Update(written) => {
                let row: Option<(i64,)> = sqlx::query_as(UPDATE)
                    .bind(written.id)
                    .bind(student.0)
                    .bind(target.tag())
                    .fetch_optional(&mut *open)
                    .await?;
                row.map(|_| Some(written)).ok_or_else(|| {
                    let why = "a row that was written before is not there".to_owned();
                    (Outcome::BodyMismatch, why)
                })
            }
        };
        open.commit().await?;
        Ok(outcome)
    }
}

/// Whether every row is that person's.
fn own(rows: &[PgRow], student: UserId) -> Result<(), Failed> {
    let other = rows
        .iter()
        .any(|row| row.try_get::<Uuid, _>(0).ok() != Some(student.0));
    if other {
        return Err((
            Outcome::BodyMismatch,
            "a row of another person was returned".to_owned(),
        ));
    }
    Ok(())
}

/// How it counts that there is no connection, and one line why.
fn not_connected(error: &sqlx::Error) -> Failed {
    match failed(error) {
        // The server refused it, as with "too many clients", or broke it off before it was one.
        (Outcome::HttpError | Outcome::Reset, _) => (Outcome::Connect, error.to_string()),
        failed => failed,
    }
}

/// How a failure counts, and one line why.
fn failed(error: &sqlx::Error) -> Failed {
    if let Some(limit) = generator_limit(error) {
        return (Outcome::Generator, limit);
    }
    let outcome = match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            return (Outcome::HttpError, format!("SQLSTATE {code}: {error}"));
        }
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Outcome::Connect
        }
        sqlx::Error::PoolTimedOut => Outcome::Timeout,
        sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => Outcome::Reset,
        _ => Outcome::BodyMismatch,
    };
    (outcome, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_names_the_person_only_where_no_policy_does() {
        for read in READS {
            assert!(!read.secured.contains("$1"), "{}", read.secured);
            assert!(
                read.unsecured.contains("where student_id = $1"),
                "{}",
                read.unsecured
            );
            assert!(read.secured.starts_with("select student_id, "));
        }
    }

    #[test]
    fn a_refusal_of_the_server_a_broken_connection_and_a_full_pool_are_told_apart() {
        let io = |kind| sqlx::Error::Io(std::io::Error::from(kind));
        for (error, outcome) in [
            (io(std::io::ErrorKind::ConnectionRefused), Outcome::Connect),
            (io(std::io::ErrorKind::UnexpectedEof), Outcome::Reset),
            (sqlx::Error::PoolTimedOut, Outcome::Timeout),
            (sqlx::Error::RowNotFound, Outcome::BodyMismatch),
        ] {
            assert_eq!(failed(&error).0, outcome, "{error}");
        }
    }

    #[test]
    fn a_connection_that_breaks_before_it_is_one_was_never_made() {
        let io = |kind| sqlx::Error::Io(std::io::Error::from(kind));
        for (error, outcome) in [
            (io(std::io::ErrorKind::UnexpectedEof), Outcome::Connect),
            (io(std::io::ErrorKind::HostUnreachable), Outcome::Connect),
            (sqlx::Error::PoolTimedOut, Outcome::Timeout),
        ] {
            assert_eq!(not_connected(&error).0, outcome, "{error}");
        }
    }
}
