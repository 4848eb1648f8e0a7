//! `loadgen http`: one request against any HTTP service, with the schedule, the self-checks, the
//! result folder and the reports of every other run.

mod command;
mod json;
mod load;
mod result;
mod service;
mod target;
mod text;

pub(in crate::cli) use command::run;
pub(super) use service::UrlLoad;
pub(super) use target::{encryption, refuse_trust};
