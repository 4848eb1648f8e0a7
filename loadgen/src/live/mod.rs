//! What a running command shows: `watch` reads the events and chooses, `screen` fills a terminal and
//! takes keys, `bar` rewrites one line of it, `plain` writes lines where nobody looks at a terminal,
//! `look` tells which it is.

mod bar;
mod look;
mod plain;
mod screen;
mod watch;

pub use look::Look;
pub use screen::restore;
pub use watch::{Live, watch};
