//! What the tests stand on: the server whose truth is known, and the program that is tested.

mod log;
mod program;
mod truth;

pub(crate) use log::percentile;
pub(crate) use program::{Ran, alone, finish, http, loadgen, start};
pub(crate) use truth::{Answer, Answers, Truth};
