//! The services themselves.
