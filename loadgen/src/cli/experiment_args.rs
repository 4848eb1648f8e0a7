//! The flags of `loadgen experiment`.

use clap::Args;
use shared::time::Millis;

use super::args::{LoadArgs, ResultArgs, TargetArgs, positive};

/// `loadgen experiment`.
#[derive(Debug, Clone, Args, Default)]
pub struct ExperimentArgs {
    /// An experiment file, the name of one that is shipped, or `list` to see those; without one
    /// both arms start from `after`
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    /// Where the load goes.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What is changed in the file.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Where results go.
    #[command(flatten)]
    pub result: ResultArgs,
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
    /// Pairs of trials; 6 or more for an interval
    #[arg(long, env = "LOADGEN_BLOCKS", value_name = "N")]
    pub blocks: Option<u32>,
    /// Few and short trials, to see that everything works
    #[arg(long, env = "LOADGEN_QUICK")]
    pub quick: bool,
    /// Plan blocks and trial lengths to fit into this time, like 10m, and say what can be seen
    #[arg(
        long,
        env = "LOADGEN_BUDGET",
        value_name = "TIME",
        value_parser = positive,
        conflicts_with_all = ["quick", "blocks", "duration", "time_scale"]
    )]
    pub budget: Option<Millis>,
    /// With run-all: only these experiments (repeatable)
    #[arg(long, env = "LOADGEN_ONLY", value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// TerminalCapabilities first for a rate that the slower arm can sustain, and give both half of its limit
    #[arg(long, env = "LOADGEN_FIND_RATE", conflicts_with_all = ["rate", "users"])]
    pub find_rate: bool,
    /// The control instead of the experiment: `after` against itself
    #[arg(long, env = "LOADGEN_AA", conflicts_with = "plant")]
    pub aa: bool,
    /// `after` against itself with each request that many per cent slower: must be found
    #[arg(long, env = "LOADGEN_PLANT", value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub plant: Option<u32>,
    /// Both controls and the common rate first, then the experiment: void if a control fails
    #[arg(long, env = "LOADGEN_RIGOROUS", conflicts_with_all = ["aa", "plant", "quick"])]
    pub rigorous: bool,
}
