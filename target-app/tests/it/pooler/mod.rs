//! PgBouncer between the application and PostgreSQL.

mod driver;
mod ways;
