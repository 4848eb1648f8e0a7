//! The flags of `loadgen doctor`: those that it uses of the ones that name a target or an own stack.

use std::path::PathBuf;

use clap::Args;

use super::target::RunningTargetArgs;
use loadgen_engine::suite::Topology;

/// What `--target` does here: a running target is examined, not loaded.
const TARGET_HELP: &str = "URL of a running target that is examined besides the machine, like \
    http://127.0.0.1:8080 (repeatable)";
/// What `--instance` does here.
const INSTANCE_HELP: &str = "URL of the processes behind a balancer that --target names \
    (repeatable): they are examined [default: --target]";

/// `loadgen doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("targets", |arg| arg.help(TARGET_HELP)),
    mut_arg("instances", |arg| arg.help(INSTANCE_HELP))
)]
pub struct DoctorArgs {
    /// Print JSON instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The running target.
    #[command(flatten)]
    pub running: RunningTargetArgs,
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
