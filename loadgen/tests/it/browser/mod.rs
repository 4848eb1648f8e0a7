//! What people look at, in a real Chromium: the report, on disk and large, and the served pages.
//! The tests need no service; `make test` runs them after the others.

mod harness;
mod hour;
mod keyboard;
mod live;
mod looks;
mod page_script;
mod pictures;
mod report;
mod served;
