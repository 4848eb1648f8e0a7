//! A replica of PostgreSQL beside the application.

mod loss;
mod own_writes;
mod pings;
mod reads;
mod stale_statements;
mod step;
