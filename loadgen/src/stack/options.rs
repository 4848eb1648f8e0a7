//! Which services are wanted, and how.

use std::{fmt, path::PathBuf, sync::Arc};

use shared::dataset::Scale;
use tokio_util::sync::CancellationToken;

/// Which services are started; one that is not has to be given by its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Services {
    /// PostgreSQL.
    pub postgres: bool,
    /// Redis.
    pub redis: bool,
    /// target-app: migrated, seeded, serving.
    pub target: bool,
}

impl Services {
    /// All three.
    pub const ALL: Self = Self {
        postgres: true,
        redis: true,
        target: true,
    };
}

/// How the stack is started.
#[derive(Clone)]
pub struct StackOptions {
    /// Folder for data and logs that stays; a second start in it finds the data again. Without
    /// one, a temporary folder that goes with the stack.
    pub keep_in: Option<PathBuf>,
    /// How much data.
    pub scale: Scale,
    /// The number from which the data follows.
    pub seed: u64,
    /// What is started.
    pub services: Services,
    /// Whether PostgreSQL waits for the disk, as it must wherever something is measured.
    pub durable: bool,
    /// The database of target-app where PostgreSQL is not started here.
    pub database_url: Option<String>,
    /// The cache of target-app where Redis is not started here.
    pub redis_url: Option<String>,
    /// The program; without one: beside this one, then `$TARGET_APP_BIN`, then the `PATH`.
    pub target_bin: Option<PathBuf>,
    /// `before`, `after`, or a file: what target-app starts with.
    pub profile: String,
    /// Gives the start up early.
    pub stop: CancellationToken,
    /// Told what is going on, in a few words.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            keep_in: None,
            scale: Scale::Small,
            seed: 1,
            services: Services::ALL,
            durable: true,
            database_url: None,
            redis_url: None,
            target_bin: None,
            profile: "after".to_owned(),
            stop: CancellationToken::new(),
            log: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for StackOptions {
    /// The URLs carry passwords and are not told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackOptions")
            .field("keep_in", &self.keep_in)
            .field("scale", &self.scale)
            .field("seed", &self.seed)
            .field("services", &self.services)
            .field("durable", &self.durable)
            .field("target_bin", &self.target_bin)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
