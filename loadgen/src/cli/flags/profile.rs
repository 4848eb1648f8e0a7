//! The profile that a target is given.

use clap::Args;

/// A profile, and switches of it that have another value.
#[derive(Debug, Clone, Args)]
pub struct ProfileArgs {
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
