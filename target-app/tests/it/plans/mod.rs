//! Which query uses which index, seen in the counters of PostgreSQL itself.

mod index_use;
