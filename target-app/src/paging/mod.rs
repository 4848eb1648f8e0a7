//! Parts of a list: numbered pages, and cursors for lists that go on behind their last row.
//!
//! Every list of the API is read with these types, so that bounds and messages are the same.

mod cursor;
mod numbered;

pub use cursor::{PageStart, Position, decode, encode};
pub use numbered::{PageNumber, page_number, per_page};
