//! The flags of `loadgen doctor`: those that it uses of the ones that name a target or an own stack.

use std::path::PathBuf;

use clap::Args;

use loadgen_engine::{driver::ResolveRule, suite::Topology};

/// `loadgen doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Print JSON instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// URL of a running target that is examined besides the machine, like http://127.0.0.1:8080
    /// (repeatable)
    #[arg(
        long = "target",
        env = "LOADGEN_TARGET",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub targets: Vec<String>,
    /// URL of the processes behind a balancer that --target names (repeatable): they are examined
    /// [default: --target]
    #[arg(
        long = "instance",
        env = "LOADGEN_INSTANCE",
        value_name = "URL",
        value_delimiter = ',',
        requires = "targets"
    )]
    pub instances: Vec<String>,
    /// Use this address for the host and port of the target, like a.test:8080:127.0.0.1 (repeatable)
    #[arg(
        long,
        env = "LOADGEN_RESOLVE",
        value_name = "HOST:PORT:ADDRESS",
        value_delimiter = ' ',
        requires = "targets"
    )]
    pub resolve: Vec<ResolveRule>,
    /// Lab token that the running target was started with
    #[arg(
        long,
        env = "LOADGEN_LAB_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub lab_token: Option<String>,
    /// Allow a target on another machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// Look for the programs of this own stack, like scale=4,pgbouncer,replica
    #[arg(
        long,
        env = "LOADGEN_TOPOLOGY",
        value_name = "TOPOLOGY",
        conflicts_with = "targets"
    )]
    pub topology: Option<Topology>,
    /// Path of the target-app program of an own stack [default: the one beside loadgen]
    #[arg(long, env = "LOADGEN_TARGET_BIN", value_name = "FILE")]
    pub target_bin: Option<PathBuf>,
    /// Folder in which an own stack would keep its data: its disk is examined
    #[arg(long, env = "LOADGEN_STACK_DIR", value_name = "DIR")]
    pub stack_dir: Option<PathBuf>,
}
