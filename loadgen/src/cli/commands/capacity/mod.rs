//! `loadgen capacity`: the highest load that meets an SLO.

mod breakdown;
mod command;
mod plan;
mod resume;
mod search;
mod what_if;

pub(in crate::cli) use command::run;
