//! The flags of `loadgen serve`.

use std::net::SocketAddr;

use clap::Args;

use super::{folder::ResultsFolder, page::PageArgs, target::TargetArgs, values::address};

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
    /// The page's secret.
    #[command(flatten)]
    pub page: PageArgs,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
    /// The target of runs that are started from the page.
    #[command(flatten)]
    pub target: TargetArgs,
}
