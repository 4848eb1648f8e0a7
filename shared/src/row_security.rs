//! Row-level security: the names by which a connection says for whom it works.
//!
//! Whoever connects as the owner of the tables sees every row, as audit and workers must. In a
//! transaction that takes one of the roles and says who is meant, PostgreSQL shows and changes only
//! the rows of that person. Both are settings of the transaction alone ([`ENTER`]), so a pooled
//! connection, also one of PgBouncer in transaction mode, brings nothing of one person to the next.

use crate::ids::UserId;

/// The database role of a person who books.
pub const STUDENT_ROLE: &str = "codeconnect_student";
/// The database role of a person who teaches.
pub const MENTOR_ROLE: &str = "codeconnect_mentor";

/// The first statement of a transaction: which role it takes, for which user.
pub const ENTER: &str =
    "select set_config('role', $1, true), set_config('codeconnect.user_id', $2, true)";

/// For whom a transaction works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Somebody with bookings of their own.
    Student(UserId),
    /// Somebody who gives lessons.
    Mentor(UserId),
}

impl Person {
    /// The first parameter of [`ENTER`].
    pub const fn role(self) -> &'static str {
        match self {
            Self::Student(_) => STUDENT_ROLE,
            Self::Mentor(_) => MENTOR_ROLE,
        }
    }

    /// The second parameter of [`ENTER`], as text.
    pub const fn id(self) -> UserId {
        match self {
            Self::Student(id) | Self::Mentor(id) => id,
        }
    }
}

/// What a client of the database asks first: whether any table has policies in force, and whether
/// each column that they compare begins an index.
///
/// One row: `enforced` tables and `policies`, `columns` without an index.
pub const STATE: &str = "select
    (select count(*) from pg_class t
     join pg_namespace n on n.oid = t.relnamespace and n.nspname = current_schema()
     where t.relname in ('booking', 'booking_hold', 'booking_conflict') and t.relrowsecurity)
        as enforced,
    (select count(*) from pg_policies
     where schemaname = current_schema()
       and policyname in ('booking_of_student', 'booking_of_mentor', 'hold_of_student',
                          'hold_of_mentor', 'conflict_of_student'))
        as policies,
    (select count(*) from (values ('booking', 'student_id'), ('booking', 'mentor_id'),
                                  ('booking_conflict', 'student_id')) as needed (t, c)
     where not exists (
         select from pg_index i
         join pg_class t on t.oid = i.indrelid
         join pg_namespace n on n.oid = t.relnamespace and n.nspname = current_schema()
         join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
         where t.relname = needed.t and a.attname = needed.c
           and i.indisvalid and i.indisready and i.indpred is null))
        as unindexed";

/// Tables with policies, the answer `enforced` of [`STATE`] where they are in force.
pub const TABLES: i64 = 3;
/// Policies, the answer `policies` of [`STATE`] where they are in force.
pub const POLICIES: i64 = 5;
/// Columns that the policies compare, the answer `unindexed` of [`STATE`] where none has an index.
pub const COLUMNS: i64 = 3;

/// The value of `db.rls` that the answers of [`STATE`] mean; `partial` where they are none of its
/// values.
pub const fn reading(enforced: i64, policies: i64, unindexed: i64) -> &'static str {
    match (enforced, policies, unindexed) {
        (0, 0, _) => "off",
        (TABLES, POLICIES, 0) => "on",
        (TABLES, POLICIES, COLUMNS) => "on_unindexed",
        _ => "partial",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::RowSecurity;

    #[test]
    fn every_value_of_the_switch_can_be_read_and_nothing_else_passes_for_one() {
        let all = [
            (RowSecurity::Off, reading(0, 0, COLUMNS)),
            (RowSecurity::On, reading(TABLES, POLICIES, 0)),
            (RowSecurity::OnUnindexed, reading(TABLES, POLICIES, COLUMNS)),
        ];
        for (value, read) in all {
            assert_eq!(value.as_str(), read);
        }
        for partial in [
            (0, POLICIES, 0),
            (TABLES, 0, 0),
            (1, POLICIES, 0),
            (TABLES, POLICIES, 1),
        ] {
            assert_eq!(reading(partial.0, partial.1, partial.2), "partial");
        }
    }
}
