//! `loadgen capacity`: the highest load that meets an SLO.

mod command;
mod plan;
mod resume;

pub(in crate::cli) use command::run;
