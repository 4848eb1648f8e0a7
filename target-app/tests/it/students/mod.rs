//! Students as the staff sees them.

mod browsing;
