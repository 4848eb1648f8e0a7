//! What handlers share: a cheap clone, no logic.

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use secrecy::SecretString;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    config::LabHosts,
    engine::{Engine, Engines},
    error::ApiError,
    metrics::HttpCounters,
    realtime::{Hub, OpenSockets},
    registry::{FeatureParts, Registry},
    security::Tokens,
    shutdown::Shutdown,
};

/// The shared state of all handlers; clones share it.
#[derive(Clone)]
pub struct AppState(Arc<StateParts>);

/// The parts of the state.
pub struct StateParts {
    /// The engine in force.
    pub engines: Engines,
    /// What the features hand over.
    pub features: Registry,
    /// What their requests share.
    pub parts: FeatureParts,
    /// Makes and checks tokens.
    pub tokens: Tokens,
    /// Chat rooms and their sockets.
    pub hub: Hub,
    /// The open sockets of each account.
    pub sockets: OpenSockets,
    /// The time.
    pub clock: Clock,
    /// Folder of the recordings.
    pub media_dir: PathBuf,
    /// Folder of uploaded files.
    pub upload_dir: PathBuf,
    /// Most bytes of an uploaded file.
    pub max_upload_bytes: usize,
    /// Most accounts that one client registers in a minute.
    pub max_registrations: u32,
    /// Token of the control plane; `None` switches it off.
    pub lab_token: Option<SecretString>,
    /// The hosts that a request to the control plane may name.
    pub lab_hosts: LabHosts,
    /// Counters of HTTP requests.
    pub http: HttpCounters,
    /// The end of the process.
    pub shutdown: Shutdown,
    /// When the process started.
    pub started: Instant,
}

impl AppState {
    /// A state of these parts.
    pub fn new(parts: StateParts) -> Self {
        Self(Arc::new(parts))
    }

    /// The engine in force; see [`Engines::current`] for how long to hold it.
    pub fn engine(&self) -> Arc<Engine> {
        self.0.engines.current()
    }

    /// The engine in force; an error while the database is being replaced.
    pub fn admit(&self) -> Result<Arc<Engine>, ApiError> {
        self.0.engines.admit()
    }

    /// The engine in force, and its replacement.
    pub fn engines(&self) -> &Engines {
        &self.0.engines
    }

    /// What the features hand over.
    pub fn features(&self) -> &Registry {
        &self.0.features
    }

    /// What the requests of one feature share, by its type.
    pub fn part<T: Any + Send + Sync>(&self) -> &T {
        self.0.parts.get()
    }

    /// The metrics of features that are read at the moment of a scrape, by name.
    pub fn gauges(&self) -> Vec<(&'static str, f64)> {
        let gauges = self.0.features.gauges.iter();
        gauges
            .map(|gauge| (gauge.name, (gauge.read)(&self.0.parts)))
            .collect()
    }

    /// Makes and checks tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// Chat rooms and their sockets.
    pub fn hub(&self) -> &Hub {
        &self.0.hub
    }

    /// The open sockets of each account.
    pub fn sockets(&self) -> &OpenSockets {
        &self.0.sockets
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Folder of the recordings.
    pub fn media_dir(&self) -> &Path {
        &self.0.media_dir
    }

    /// Folder of uploaded files.
    pub fn upload_dir(&self) -> &Path {
        &self.0.upload_dir
    }

    /// Most bytes of an uploaded file.
    pub fn max_upload_bytes(&self) -> usize {
        self.0.max_upload_bytes
    }

    /// Most accounts that one client registers in a minute.
    pub fn max_registrations(&self) -> u32 {
        self.0.max_registrations
    }

    /// Token of the control plane; `None` where it is off.
    pub fn lab_token(&self) -> Option<&SecretString> {
        self.0.lab_token.as_ref()
    }

    /// The hosts that a request to the control plane may name.
    pub fn lab_hosts(&self) -> &LabHosts {
        &self.0.lab_hosts
    }

    /// Counters of HTTP requests.
    pub fn http(&self) -> &HttpCounters {
        &self.0.http
    }

    /// Cancelled when the process is to end.
    pub fn shutdown(&self) -> &CancellationToken {
        self.0.shutdown.token()
    }

    /// Tasks that the end of the process waits for.
    pub fn tracker(&self) -> &TaskTracker {
        self.0.shutdown.tracker()
    }

    /// Milliseconds since the process started.
    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
