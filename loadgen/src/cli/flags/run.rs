//! The flags of `loadgen run`.

use clap::Args;

use super::{load::LoadArgs, result::ResultArgs, target::TargetArgs};

/// `loadgen run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Suite file, or name of a bundled suite like smoke or core [default: the flows of --flow]
    #[arg(value_name = "SUITE")]
    pub suite: Option<String>,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Replacements for the load of the file.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
    /// Profile to start from: before, after, or a JSON file of switch to value
    #[arg(
        long,
        env = "LOADGEN_PROFILE",
        value_name = "PROFILE",
        default_value = "after"
    )]
    pub profile: String,
    /// Set one switch of the profile, like cache.mentors=off (repeatable)
    #[arg(
        long = "set",
        env = "LOADGEN_SET",
        value_name = "SWITCH=VALUE",
        value_delimiter = ';'
    )]
    pub set: Vec<String>,
}
