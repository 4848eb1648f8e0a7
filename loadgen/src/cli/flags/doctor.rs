//! The flags of `loadgen doctor`.

use clap::Args;

use super::target::TargetArgs;

/// `loadgen doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Print JSON instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// A target that is examined besides the machine.
    #[command(flatten)]
    pub target: TargetArgs,
}
