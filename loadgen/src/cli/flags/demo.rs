//! The flags of `loadgen demo`.

use std::net::SocketAddr;

use clap::Args;

use super::{load::LoadArgs, result::ResultArgs, target::TargetArgs, values::address};

/// `loadgen demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Run less than a minute, which is too short for a decision
    #[arg(long, env = "LOADGEN_QUICK")]
    pub quick: bool,
    /// Show the run on a page of this address, and keep serving it afterwards until Ctrl-C
    #[arg(
        long,
        env = "LOADGEN_SERVE",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        conflicts_with = "web"
    )]
    pub serve: Option<SocketAddr>,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Replacements for the load of the experiment.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}
