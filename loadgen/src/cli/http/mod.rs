//! `loadgen http`: one request against any HTTP service, with the schedule, the account and the
//! self-checks of every other run.

mod args;
mod files;
mod json;
mod judge;
mod load;
mod place;
mod run;
mod text;

pub(super) use args::HttpArgs;
pub(super) use run::run;
