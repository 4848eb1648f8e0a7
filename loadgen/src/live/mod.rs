//! What a running command shows: `watch` reads the events and chooses, `screen` fills a terminal and
//! takes keys, `bar` rewrites one line of it, `plain` writes lines where nobody looks at a terminal,
//! `capabilities` tells which it is.

mod capabilities;
mod plain;
mod screen;
mod status_line;
mod watch;

pub use capabilities::TerminalCapabilities;
pub use screen::restore;
pub use watch::{Live, watch};
