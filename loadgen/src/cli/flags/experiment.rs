//! The flags of `loadgen experiment`.

use std::path::PathBuf;

use clap::Args;
use shared::time::Millis;

use loadgen_experiment::paired::file::MAX_BLOCKS;

use super::{
    load::LoadArgs,
    result::ResultArgs,
    target::TargetArgs,
    values::{positive, whole},
};

/// `loadgen experiment`.
#[derive(Debug, Clone, Args, Default)]
pub struct ExperimentArgs {
    /// Experiment file, name of a bundled one, `list` to see those, or `run-all` to run them all
    /// [default: both arms start from the profile `after`]
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    /// Set a switch of the first arm (repeatable)
    #[arg(
        long = "set-before",
        env = "LOADGEN_SET_BEFORE",
        value_name = "SWITCH=VALUE",
        value_delimiter = ';'
    )]
    pub set_before: Vec<String>,
    /// Set a switch of the second arm (repeatable)
    #[arg(
        long = "set-after",
        env = "LOADGEN_SET_AFTER",
        value_name = "SWITCH=VALUE",
        value_delimiter = ';'
    )]
    pub set_after: Vec<String>,
    /// Program of target-app that the first arm runs on an own stack, like that of an earlier commit
    /// [default: that of --target-bin]
    #[arg(
        long,
        env = "LOADGEN_TARGET_BIN_BEFORE",
        value_name = "FILE",
        conflicts_with_all = ["targets", "capacity"]
    )]
    pub target_bin_before: Option<PathBuf>,
    /// Program of target-app that the second arm runs; schema and data come from that of --target-bin
    #[arg(
        long,
        env = "LOADGEN_TARGET_BIN_AFTER",
        value_name = "FILE",
        conflicts_with_all = ["targets", "capacity"]
    )]
    pub target_bin_after: Option<PathBuf>,
    /// Number of blocks (pairs of trials); one claim needs 6, two need 7 [default: from the claims,
    /// and from the spread of the first blocks]
    #[arg(long, env = "LOADGEN_BLOCKS", value_name = "N", value_parser = whole(1, MAX_BLOCKS))]
    pub blocks: Option<u32>,
    /// Run few and short trials: a check that everything works, no measurement
    #[arg(long, env = "LOADGEN_QUICK")]
    pub quick: bool,
    /// Fit blocks and trial lengths into this time, like 10m, and print the smallest detectable
    /// effect
    #[arg(
        long,
        env = "LOADGEN_BUDGET",
        value_name = "TIME",
        value_parser = positive,
        conflicts_with_all = ["quick", "blocks", "duration", "time_scale"]
    )]
    pub budget: Option<Millis>,
    /// With run-all: run only this experiment (repeatable)
    #[arg(long, env = "LOADGEN_ONLY", value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// With run-all: take what the results folder holds of the same experiment files, measured by a
    /// program built alike on a machine like this one, and measure only the rest
    #[arg(long, env = "LOADGEN_RESUME")]
    pub resume: bool,
    /// With run-all: take the rows of this earlier catalogue (catalogue_*.json) over, on whatever machine
    /// they were measured, if their experiment files are the same, and measure only the rest; with --only,
    /// what it names is measured
    #[arg(long, env = "LOADGEN_CATALOGUE", value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// Search first for the highest rate that the slower arm sustains, and use half of it for both
    #[arg(long, env = "LOADGEN_FIND_RATE", conflicts_with_all = ["rate", "users"])]
    pub find_rate: bool,
    /// Search first for the capacity of each arm at the limits of all requests, about a minute each, and
    /// show at the end what the first arm does at the load that the second one sustains
    #[arg(long, env = "LOADGEN_CAPACITY", conflicts_with_all = ["aa", "plant"])]
    pub capacity: bool,
    /// Run a control instead of the experiment: `after` against itself
    #[arg(long, env = "LOADGEN_AA", conflicts_with = "plant")]
    pub aa: bool,
    /// Run a control with a planted effect: `after` against itself with each request this many per
    /// cent slower
    #[arg(long, env = "LOADGEN_PLANT", value_name = "PERCENT", value_parser = whole(1_u32, 1_000))]
    pub plant: Option<u32>,
    /// Run both controls and the rate search first, then the experiment; INVALID if a control fails
    #[arg(long, env = "LOADGEN_RIGOROUS", conflicts_with_all = ["aa", "plant", "quick"])]
    pub rigorous: bool,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Replacements for the load of the file.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}

/// What `loadgen experiment` is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExperimentAction {
    /// Print the bundled experiments.
    List,
    /// Run every bundled experiment.
    RunAll,
    /// Run one experiment.
    Run,
}

impl ExperimentArgs {
    /// Whether the arms run programs that are named.
    pub fn names_programs(&self) -> bool {
        self.target_bin_before.is_some() || self.target_bin_after.is_some()
    }

    /// The action that the first word names.
    pub fn action(&self) -> ExperimentAction {
        match self.file.as_deref() {
            Some("list") => ExperimentAction::List,
            Some("run-all") => ExperimentAction::RunAll,
            _ => ExperimentAction::Run,
        }
    }
}
