//! Flags that replace parts of the load of a suite or experiment file.

use clap::Args;
use shared::time::Millis;

use super::values::{factor, positive, rate, span, timeout, whole};
use loadgen_engine::{
    suite::{Think, load::think},
    threshold::Threshold,
    units::Rate,
};

/// Replacements for the load of a file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// Arrival rate of iterations, like 20/s: makes the load model open
    #[arg(long, env = "LOADGEN_RATE", value_name = "RATE", value_parser = rate, conflicts_with = "users")]
    pub rate: Option<Rate>,
    /// Number of virtual users: makes the load model closed
    #[arg(long, env = "LOADGEN_USERS", value_name = "N", value_parser = whole(1_u32, 20_000))]
    pub users: Option<u32>,
    /// Pause between the iterations of a user, like 5s..15s, 2s or exp(2s) (closed load model)
    #[arg(long, env = "LOADGEN_THINK", value_name = "MIN..MAX", value_parser = think, conflicts_with = "rate")]
    pub think: Option<Think>,
    /// Length of the measured window, like 30s
    #[arg(long, env = "LOADGEN_DURATION", value_name = "TIME", value_parser = positive)]
    pub duration: Option<Millis>,
    /// Length of the warm-up, like 2s
    #[arg(long, env = "LOADGEN_WARMUP", value_name = "TIME", value_parser = span)]
    pub warmup: Option<Millis>,
    /// Multiply the length of every phase by this factor
    #[arg(long, env = "LOADGEN_TIME_SCALE", value_name = "FACTOR", value_parser = factor)]
    pub time_scale: Option<f64>,
    /// Run only this flow (repeatable)
    #[arg(
        long = "flow",
        env = "LOADGEN_FLOW",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub flows: Vec<String>,
    /// Seed of every random choice
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", value_parser = whole(0, u64::MAX))]
    pub seed: Option<u64>,
    /// Number of accounts that are signed in before the run
    #[arg(long, env = "LOADGEN_ACCOUNTS", value_name = "N", value_parser = whole(1_u32, 2_000))]
    pub accounts: Option<u32>,
    /// Request timeout, counted from the intended start
    #[arg(long, env = "LOADGEN_TIMEOUT", value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Millis>,
    /// Maximum number of virtual users, and so of connections, of each flow
    #[arg(long, env = "LOADGEN_MAX_USERS", value_name = "N", value_parser = whole(1_u32, 20_000))]
    pub max_users: Option<u32>,
    /// Add a threshold, like "p95 < 1000ms" (repeatable)
    #[arg(
        long = "threshold",
        env = "LOADGEN_THRESHOLD",
        value_name = "TEXT",
        value_delimiter = ','
    )]
    pub thresholds: Vec<Threshold>,
    /// Number of sender threads; with --coordinate, of worker processes
    #[arg(long, env = "LOADGEN_WORKERS", value_name = "N", default_value_t = 1, value_parser = whole(1_u16, 64))]
    pub workers: u16,
}
