//! Stopping in order, and clients that go away in the middle.

mod disconnect;
mod shutdown;
