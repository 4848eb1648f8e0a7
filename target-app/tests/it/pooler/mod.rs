//! PgBouncer between the application and PostgreSQL, where PGBOUNCER_URL names one.

mod driver;
mod ways;
