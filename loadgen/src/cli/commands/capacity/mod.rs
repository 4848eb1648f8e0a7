//! `loadgen capacity`: the highest load that meets an SLO.

mod breakdown;
mod command;
mod plan;
mod resume;

pub(in crate::cli) use command::run;
