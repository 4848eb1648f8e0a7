//! The flags of `loadgen db`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use shared::{dataset::Scale, time::Millis};

use super::{
    result::ResultArgs,
    values::{count, positive, timeout, whole},
};
use loadgen_engine::threshold::Threshold;

/// A bundled load of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatabasePreset {
    /// 1,000 queries of 10 workers.
    Quick,
    /// 10,000 queries of 10 workers.
    Full,
    /// 50,000 queries of 50 workers.
    Heavy,
}

impl DatabasePreset {
    /// The bundled suite that it is.
    pub const fn suite(self) -> &'static str {
        match self {
            Self::Quick => "wheels_database_quick",
            Self::Full => "wheels_database_full",
            Self::Heavy => "wheels_database_heavy",
        }
    }
}

/// Row-level security of an own stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowSecurityChoice {
    /// No policies.
    Off,
    /// Policies, and the indexes that serve them.
    On,
    /// Policies without an index.
    #[value(name = "on_unindexed")]
    OnUnindexed,
}

impl RowSecurityChoice {
    /// The settings of the profile `after` that it needs.
    pub const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Off => &["db.rls=off"],
            Self::On => &["db.rls=on"],
            Self::OnUnindexed => &[
                "index.bookings_student=off",
                "index.bookings_mentor=off",
                "db.rls=on_unindexed",
            ],
        }
    }
}

/// `loadgen db`.
#[derive(Debug, Clone, Args)]
pub struct DbArgs {
    /// Load to start from
    #[arg(
        long,
        env = "LOADGEN_PRESET",
        value_name = "PRESET",
        value_enum,
        default_value_t = DatabasePreset::Quick
    )]
    pub preset: DatabasePreset,
    /// Number of queries, like 5000 or 50k [default: that of the preset, or no limit with --duration]
    #[arg(long, env = "LOADGEN_QUERIES", value_name = "N", value_parser = count)]
    pub queries: Option<u64>,
    /// Number of workers, each of which sends its next query after the last result
    #[arg(long, short, env = "LOADGEN_WORKERS", value_name = "N", value_parser = whole(1_u32, 500))]
    pub workers: Option<u32>,
    /// Longest duration [default: until --queries are done, at most an hour]
    #[arg(long, short, env = "LOADGEN_DURATION", value_name = "TIME", value_parser = positive)]
    pub duration: Option<Millis>,
    /// Let the workers share a pool of so many connections [default: one for each worker]
    #[arg(long, env = "LOADGEN_POOL", value_name = "N", value_parser = whole(1_u32, 500))]
    pub pool: Option<u32>,
    /// Address of a database that target-app has seeded, like postgres://user@127.0.0.1/codeconnect
    /// [default: start an own stack]
    #[arg(long, env = "LOADGEN_DB", value_name = "URL", hide_env_values = true)]
    pub db: Option<String>,
    /// Allow a database on another machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// Row-level security of an own stack; of a database that was there, what is in force stays
    #[arg(
        long,
        env = "LOADGEN_RLS",
        value_name = "RLS",
        value_enum,
        default_value_t = RowSecurityChoice::On,
        conflicts_with = "db"
    )]
    pub rls: RowSecurityChoice,
    /// Amount of data in an own stack: tiny, small, medium or large
    #[arg(
        long,
        env = "LOADGEN_SCALE",
        value_name = "SCALE",
        conflicts_with = "db"
    )]
    pub scale: Option<Scale>,
    /// Path of the target-app program of an own stack [default: the one beside loadgen]
    #[arg(
        long,
        env = "LOADGEN_TARGET_BIN",
        value_name = "FILE",
        conflicts_with = "db"
    )]
    pub target_bin: Option<PathBuf>,
    /// Keep the data of an own stack in this folder
    #[arg(
        long,
        env = "LOADGEN_STACK_DIR",
        value_name = "DIR",
        conflicts_with = "db"
    )]
    pub stack_dir: Option<PathBuf>,
    /// Timeout of a query, and of the wait for a connection
    #[arg(long, env = "LOADGEN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = timeout)]
    pub timeout: Millis,
    /// Add a threshold, like "database.read: p99 < 50ms" (repeatable)
    #[arg(
        long = "threshold",
        env = "LOADGEN_THRESHOLD",
        value_name = "TEXT",
        value_delimiter = ','
    )]
    pub thresholds: Vec<Threshold>,
    /// Seed of every random choice
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", default_value_t = 1, value_parser = whole(0, u64::MAX))]
    pub seed: u64,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}
