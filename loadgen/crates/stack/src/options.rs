//! Which services are started, and how.

use std::{fmt, path::PathBuf, sync::Arc};

use loadgen_engine::suite::{FaultKind, Topology};
use shared::dataset::Scale;
use tokio_util::sync::CancellationToken;

/// The services to start; target-app needs the URL of those that are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceSet {
    /// PostgreSQL.
    pub postgres: bool,
    /// Redis.
    pub redis: bool,
    /// target-app, on a migrated and seeded database.
    pub target: bool,
}

impl ServiceSet {
    /// All three.
    pub const ALL: Self = Self {
        postgres: true,
        redis: true,
        target: true,
    };
}

/// Settings of a stack.
#[derive(Clone)]
pub struct StackOptions {
    /// Folder for data and logs that stays; a second start in it finds the data again. `None`: a
    /// temporary folder that is removed with the stack.
    pub keep_in: Option<PathBuf>,
    /// Amount of data.
    pub scale: Scale,
    /// Seed of the data.
    pub seed: u64,
    /// The services to start.
    pub services: ServiceSet,
    /// Instances of target-app, which share database, cache and secrets, the pooler, and the replica.
    pub topology: Topology,
    /// Faults that the stack is prepared for: with proxies on the way of the target to its services,
    /// and with commits that wait for the replica where that is to become the primary.
    pub faults: Vec<FaultKind>,
    /// Whether PostgreSQL waits for the disk (`fsync`), as it must for a measurement.
    pub durable: bool,
    /// Database of target-app if PostgreSQL is not started here.
    pub database_url: Option<String>,
    /// Cache of target-app if Redis is not started here.
    pub redis_url: Option<String>,
    /// Path of target-app; `None`: beside this program, then `$TARGET_APP_BIN`, then the `PATH`.
    pub target_bin: Option<PathBuf>,
    /// Profile that target-app starts with: `before`, `after`, or a file.
    pub profile: String,
    /// Aborts the start.
    pub stop: CancellationToken,
    /// Ends restarts and waits of a running stack, because the program is to end at once.
    pub abort: CancellationToken,
    /// Called with each step of the start.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            keep_in: None,
            scale: Scale::Small,
            seed: 1,
            services: ServiceSet::ALL,
            topology: Topology::SINGLE,
            faults: Vec::new(),
            durable: true,
            database_url: None,
            redis_url: None,
            target_bin: None,
            profile: "after".to_owned(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            log: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for StackOptions {
    /// The URLs contain passwords and are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackOptions")
            .field("keep_in", &self.keep_in)
            .field("scale", &self.scale)
            .field("seed", &self.seed)
            .field("services", &self.services)
            .field("topology", &self.topology)
            .field("faults", &self.faults)
            .field("durable", &self.durable)
            .field("target_bin", &self.target_bin)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
