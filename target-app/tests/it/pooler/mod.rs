//! PgBouncer between the application and PostgreSQL.

mod statements;
mod ways;
