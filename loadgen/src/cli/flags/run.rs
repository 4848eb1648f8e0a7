//! The flags of `loadgen run`.

use clap::Args;

use super::{load::LoadArgs, profile::ProfileArgs, result::ResultArgs, target::TargetArgs};

/// Number of exchanges that `run --http-debug` prints: those of some iterations.
pub const TRACED_OF_FLOWS: u32 = 30;

/// `loadgen run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Suite file, or name of a bundled suite like smoke or core [default: the flows of --flow]
    #[arg(value_name = "SUITE")]
    pub suite: Option<String>,
    /// Replace the load by phases in the form of Artillery, like '{"config":{"phases":[{"duration":60,"arrivalRate":10}]}}'
    #[arg(
        long,
        env = "LOADGEN_OVERRIDES",
        value_name = "JSON",
        conflicts_with_all = ["rate", "users"],
        help_heading = "Load"
    )]
    pub overrides: Option<String>,
    /// URL of a Redis over which workers join, like redis://127.0.0.1:6379/0: --workers processes of
    /// `loadgen worker` then generate the load
    #[arg(
        long,
        env = "LOADGEN_COORDINATE",
        value_name = "URL",
        hide_env_values = true,
        help_heading = "Load"
    )]
    pub coordinate: Option<String>,
    /// Print the first 30 exchanges of all users together, secret headers excepted; bodies are printed as
    /// they are
    #[arg(
        long,
        env = "LOADGEN_HTTP_DEBUG",
        conflicts_with = "coordinate",
        help_heading = "Load"
    )]
    pub http_debug: bool,
    /// The profile; before the groups with a heading of their own, which would take it over.
    #[command(flatten)]
    pub profile: ProfileArgs,
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

#[cfg(test)]
mod tests {
    use super::RunArgs;
    use crate::cli::flags::one_command::flags_of;

    #[test]
    fn exchanges_of_a_suite_are_traced_in_this_process_only() {
        let read = |words: &str| flags_of::<RunArgs>(words.split(' '));
        assert!(read("run smoke --http-debug").unwrap().http_debug);
        let elsewhere = "run smoke --coordinate redis://127.0.0.1/";
        assert!(read(elsewhere).is_ok());
        assert!(read(&format!("{elsewhere} --http-debug")).is_err());
    }
}
