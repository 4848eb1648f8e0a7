//! Which target is loaded: a running one, or an own stack.

use std::path::PathBuf;

use clap::Args;
use shared::dataset::Scale;

use loadgen_engine::{
    driver::ResolveRule,
    suite::{PlannedFault, Topology},
};

/// Where the load goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// A running target.
    #[command(flatten)]
    pub running: RunningTargetArgs,
    /// Amount of data in an own stack: tiny, small, medium or large
    #[arg(
        long,
        env = "LOADGEN_SCALE",
        value_name = "SCALE",
        conflicts_with = "targets"
    )]
    pub scale: Option<Scale>,
    /// Services of an own stack: scale=N for N instances behind a balancer, pgbouncer or pgbouncer=N
    /// for a pooler with N server connections, replica for a replica of PostgreSQL or replica=TIME for
    /// one that is kept that far behind, like scale=4,pgbouncer,replica [default: that of the file]
    #[arg(
        long,
        env = "LOADGEN_TOPOLOGY",
        value_name = "TOPOLOGY",
        conflicts_with = "targets"
    )]
    pub topology: Option<Topology>,
    /// Path of the target-app program of an own stack [default: the one beside loadgen]
    #[arg(
        long,
        env = "LOADGEN_TARGET_BIN",
        value_name = "FILE",
        conflicts_with = "targets"
    )]
    pub target_bin: Option<PathBuf>,
    /// Keep the data of an own stack in this folder
    #[arg(
        long,
        env = "LOADGEN_STACK_DIR",
        value_name = "DIR",
        conflicts_with = "targets"
    )]
    pub stack_dir: Option<PathBuf>,
    /// Kill a service of an own stack during each trial and restart it, like postgres@5s; the audit
    /// then checks whether anything acknowledged was lost. instance@5s kills one of several instances,
    /// rolling@5s restarts them gracefully, one after another; any fault of `loadgen chaos --list` can be
    /// named, like redis.down@5s+3s
    #[arg(
        long,
        env = "LOADGEN_CRASH",
        value_name = "SERVICE@TIME",
        conflicts_with = "targets"
    )]
    pub crash: Option<PlannedFault>,
}

/// A running target, and what it has to be told. Under the heading of the group or command that takes it.
#[derive(Debug, Clone, Default, Args)]
pub struct RunningTargetArgs {
    /// URL of a running target, like http://127.0.0.1:8080; repeatable for processes that share one
    /// database, over which users are spread [default: start an own stack]
    #[arg(
        long = "target",
        env = "LOADGEN_TARGET",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub targets: Vec<String>,
    /// URL of the processes behind a balancer that --target names (repeatable; a name with several
    /// addresses is a process at each): their control planes are asked there [default: --target]
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
}
