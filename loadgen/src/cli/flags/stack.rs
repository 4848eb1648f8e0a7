//! The flags of `loadgen stack`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use shared::dataset::Scale;

use super::values::whole;
use loadgen_engine::suite::Topology;

/// `loadgen stack`.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// Services to start: postgres, redis, target
    #[arg(
        long,
        env = "LOADGEN_SERVICES",
        value_delimiter = ',',
        default_value = "postgres,redis,target"
    )]
    pub services: Vec<StackService>,
    /// Profile of the target: before, after, or a JSON file of switch to value
    #[arg(
        long,
        env = "LOADGEN_PROFILE",
        value_name = "PROFILE",
        default_value = "after"
    )]
    pub profile: String,
    /// Amount of data: tiny, small, medium or large
    #[arg(
        long,
        env = "LOADGEN_SCALE",
        value_name = "SCALE",
        default_value = "small"
    )]
    pub scale: Scale,
    /// Seed of the data
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", default_value_t = 1, value_parser = whole(0, u64::MAX))]
    pub seed: u64,
    /// What there is beside one instance: scale=N for N instances behind a balancer, pgbouncer or
    /// pgbouncer=N for a pooler with N server connections, replica for a replica of PostgreSQL or
    /// replica=TIME for one that is kept that far behind, like scale=4,pgbouncer,replica
    #[arg(
        long,
        env = "LOADGEN_TOPOLOGY",
        value_name = "TOPOLOGY",
        default_value_t = Topology::SINGLE
    )]
    pub topology: Topology,
    /// Path of the target-app program [default: the one beside loadgen]
    #[arg(long, env = "LOADGEN_TARGET_BIN", value_name = "FILE")]
    pub target_bin: Option<PathBuf>,
    /// Keep the data in this folder
    #[arg(long, env = "LOADGEN_STACK_DIR", value_name = "DIR")]
    pub stack_dir: Option<PathBuf>,
    /// Turn PostgreSQL's fsync off: for tests that create and drop databases, never for a
    /// measurement
    #[arg(long, env = "LOADGEN_NO_FSYNC", conflicts_with = "stack_dir")]
    pub no_fsync: bool,
    /// Command to run with DATABASE_URL, PGBOUNCER_URL, REPLICA_URL, REDIS_URL, TARGET_URL, INSTANCE_URLS and
    /// LAB_TOKEN set; its exit code is passed on
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// A service of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StackService {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// target-app; needs the other two.
    Target,
}
