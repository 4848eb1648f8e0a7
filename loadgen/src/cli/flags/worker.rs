//! The flags of `loadgen worker`.

use std::path::PathBuf;

use clap::Args;
use shared::time::Millis;

use super::values::{positive, whole};

/// `loadgen worker`.
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {
    /// URL of the Redis over which the run is coordinated, like redis://127.0.0.1:6379/0
    #[arg(
        long,
        env = "LOADGEN_COORDINATE",
        value_name = "URL",
        hide_env_values = true
    )]
    pub coordinate: String,
    /// Number of this worker, from 0 [default: the first that is free]
    #[arg(long, env = "LOADGEN_INDEX", value_name = "N", value_parser = whole(0_u32, 63))]
    pub index: Option<u32>,
    /// Longest wait for a run to join
    #[arg(long, env = "LOADGEN_WAIT", value_name = "TIME", default_value = "5m", value_parser = positive)]
    pub wait: Millis,
    /// Allow a target on another machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// Also write the interval log of this worker's part to this file
    #[arg(long, env = "LOADGEN_LOG", value_name = "FILE")]
    pub log: Option<PathBuf>,
}
