//! What a running command shows: `watch` reads the events and chooses the output, `screen` fills a
//! terminal and reads keys, `status_line` rewrites one line of it, `plain` writes lines where there
//! is no terminal, `capabilities` says what the output can show, `figures` writes numbers.

mod capabilities;
mod figures;
mod plain;
mod screen;
mod status_line;
mod watch;

pub use capabilities::TerminalCapabilities;
pub use screen::restore;
pub use watch::{Live, watch};
