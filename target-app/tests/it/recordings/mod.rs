//! Recorded classes and their bytes.

mod link;
mod list;
pub(crate) mod operations;
mod stream;
