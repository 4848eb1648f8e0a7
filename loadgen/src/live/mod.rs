//! What a running command shows: `watch` reads the events, `plain` writes lines where nobody
//! looks at a terminal, `bar` rewrites one line where somebody does, `look` tells which it is.

mod bar;
mod look;
mod plain;
mod watch;

pub use look::Look;
pub use watch::{Live, watch};
