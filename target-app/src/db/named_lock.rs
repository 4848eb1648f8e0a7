//! Advisory locks that have a name: for what has no row that could be locked.

use std::fmt;

use sqlx::PgConnection;
use uuid::Uuid;

use super::DbError;
use crate::timing;

/// Name of an advisory lock: of a kind, and of whom or what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockName {
    kind: &'static str,
    of: Uuid,
}

impl LockName {
    /// The lock of that kind of one person or thing. The kind is a word of the program, without a quote.
    pub const fn new(kind: &'static str, of: Uuid) -> Self {
        Self { kind, of }
    }

    /// The statement that waits for it, without parameters: for one message with a `begin`.
    pub(super) fn statement(self) -> String {
        format!("select pg_advisory_xact_lock(hashtextextended('{self}', 0))")
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.of)
    }
}

/// Waits for the advisory lock of a name, and holds it until the transaction ends.
pub async fn lock_by_name(conn: &mut PgConnection, name: LockName) -> Result<(), DbError> {
    let query =
        sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))").bind(name.to_string());
    timing::db(query.execute(conn)).await?;
    Ok(())
}

/// Waits for the advisory locks of all these names with one statement, one after another in their order, and
/// holds them until the transaction ends. Whoever takes several has to take them in the same order as
/// all others, or they deadlock.
pub async fn lock_by_names(conn: &mut PgConnection, names: &[LockName]) -> Result<(), DbError> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    // What is volatile in the list of a select is called after its rows are sorted.
    let query = sqlx::query(
        "select pg_advisory_xact_lock(hashtextextended(wanted.name, 0))
         from unnest($1::text[]) with ordinality as wanted (name, place)
         order by wanted.place",
    )
    .bind(names);
    timing::db(query.execute(conn)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_name_whether_it_is_a_parameter_or_part_of_the_text() {
        let name = LockName::new("booking.student", Uuid::nil());
        let text = "booking.student/00000000-0000-0000-0000-000000000000";
        assert_eq!(name.to_string(), text);
        assert!(name.statement().contains(&format!("('{text}', 0)")));
    }
}
