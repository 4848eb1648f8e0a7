//! The flags of `loadgen serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{target::TargetArgs, values::address};

/// `loadgen serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address to listen on
    #[arg(
        long,
        env = "LOADGEN_LISTEN",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        default_value = "127.0.0.1:8090"
    )]
    pub listen: SocketAddr,
    /// Folder that contains the result folders
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
    /// The target of runs that are started from the page.
    #[command(flatten)]
    pub target: TargetArgs,
}
