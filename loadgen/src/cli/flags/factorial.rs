//! The flags of `loadgen factorial`.

use clap::Args;

use super::{
    load::LoadArgs, profile::ProfileArgs, result::ResultArgs, target::TargetArgs, values::whole,
};
use loadgen_experiment::factorial::Factor;

/// `loadgen factorial`.
#[derive(Debug, Clone, Args)]
pub struct FactorialArgs {
    /// A switch and two values of it, like pool.max=5,200 (two to five times)
    #[arg(
        long = "factor",
        env = "LOADGEN_FACTOR",
        value_name = "SWITCH=LOW,HIGH",
        value_delimiter = ';',
        required = true
    )]
    pub factors: Vec<Factor>,
    /// Trials of each combination; 2 or more for intervals
    #[arg(
        long,
        env = "LOADGEN_REPLICATES",
        value_name = "N",
        default_value_t = 3,
        value_parser = whole(1_u32, 1_000)
    )]
    pub replicates: u32,
    /// Run half of the combinations of four or five switches
    #[arg(long, env = "LOADGEN_FRACTION")]
    pub fraction: bool,
    /// Metric to compare [default: p97.5 of the first flow's first operation]
    #[arg(long, env = "LOADGEN_METRIC", value_name = "METRIC")]
    pub metric: Option<String>,
    /// The profile of every combination.
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Replacements for the core mix.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}
