//! Stopping in order, clients that go away in the middle, and statements that take too long.

mod disconnect;
mod many_disconnects;
mod shutdown;
mod statement_timeout;
