//! Recorded classes and their bytes.

mod link;
mod list;
mod stream;
