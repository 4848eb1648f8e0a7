//! The application: build, run until stopped. Tests start it in the same way.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use secrecy::ExposeSecret as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use crate::{
    cache::CacheCounters,
    clock::Clock,
    config::{ClientLimits, Config, Retention},
    connections,
    db::{Pooler, Replica},
    engine::{EngineError, EngineParts, Engines},
    feature::Surroundings,
    features, frame_exchange, metrics, purge,
    realtime::{Hub, OpenSockets},
    router::router,
    security::Tokens,
    shutdown::{GRACE, Shutdown},
    state::{AppState, StateParts},
};

/// Connections that may wait to be accepted. The usual 128 loses first packets when a load
/// test opens its connections at once, and each comes back a second later.
const BACKLOG: u32 = 4_096;
/// How often samples of histograms are folded; between two scrapes they would pile up.
const HISTOGRAM_INTERVAL: Duration = Duration::from_secs(5);

/// Why the application did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}; give another with --listen or LISTEN_ADDR")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// A feature could not make what its requests share.
    #[error("{0}")]
    Feature(String),
    /// The first engine could not be built.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// An application that listens and is ready to serve.
pub struct AppServer {
    listener: TcpListener,
    address: SocketAddr,
    limits: ClientLimits,
    router: Router,
    state: AppState,
    shutdown: Shutdown,
    purge_interval: Option<Duration>,
    retention: Retention,
}

impl AppServer {
    /// Builds the first engine and listens.
    pub async fn build(config: Config) -> Result<Self, StartError> {
        Self::build_with(config, Clock::system()).await
    }

    /// The same with a clock that tests move.
    pub async fn build_with(config: Config, clock: Clock) -> Result<Self, StartError> {
        let taken = |source| StartError::Bind {
            address: config.listen,
            source,
        };
        // Bound before the engine is built, which takes a while, but not listening until then.
        let socket = bind(config.listen).map_err(taken)?;
        metrics::handle();
        let shutdown = Shutdown::default();
        let surroundings = Surroundings {
            config: &config,
            address: socket.local_addr().map_err(taken)?,
            clock: &clock,
            shutdown: &shutdown,
        };
        let prepared = features::prepare(&surroundings).await;
        let parts = prepared.map_err(StartError::Feature)?;
        let features = features::registry();
        let direct = config.database_url.expose_secret();
        let pooler = config.pgbouncer_url.as_ref();
        let pooler = pooler.map(|url| Pooler::before(direct, url.expose_secret()));
        let pooler = pooler.transpose().map_err(EngineError::Refused)?;
        let replica = config.replica_url.as_ref();
        let replica = replica.map(|url| Replica::watch(direct, url.expose_secret()));
        let replica = replica.transpose().map_err(EngineError::Refused)?;
        let hub = Hub::new();
        let engine = EngineParts {
            database_url: config.database_url,
            pooler,
            replica,
            redis_url: config.redis_url,
            pool: Arc::default(),
            caches: Arc::new(CacheCounters::new(features.cache_kinds())),
            hashing: Arc::default(),
            admission: Arc::default(),
            hub: hub.clone(),
        };
        let engines = Engines::start(engine, config.profile).await?;
        let state = AppState::new(StateParts {
            engines,
            features,
            parts,
            tokens: Tokens::new(&config.jwt_secret, clock.clone()),
            hub,
            sockets: OpenSockets::new(config.connections.sockets_of_account),
            clock,
            media_dir: config.media_dir,
            upload_dir: config.upload_dir,
            max_upload_bytes: config.max_upload_bytes,
            max_registrations: config.connections.registrations,
            lab_token: config.lab_token,
            lab_hosts: config.lab_hosts,
            http: metrics::HttpCounters::default(),
            shutdown: shutdown.clone(),
            started: Instant::now(),
        });
        let listener = socket.listen(BACKLOG).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        Ok(Self {
            listener,
            address,
            limits: config.connections,
            router: router(state.clone()),
            state,
            shutdown,
            purge_interval: config.purge_interval,
            retention: config.retention,
        })
    }

    /// Where it listens; the port is the real one also where 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its handlers share.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// The way to stop it.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Serves until it is stopped, then waits for requests and sockets to end and closes the pool.
    pub async fn run_until_stopped(self) {
        let token = self.shutdown.token().clone();
        let tracker = self.shutdown.tracker();
        tracker.spawn(fold_histograms(token.clone()));
        if let Some(interval) = self.purge_interval {
            let (state, retention) = (self.state.clone(), self.retention);
            tracker.spawn(purge::run(state, interval, retention, token.clone()));
        }
        tracker.spawn(frame_exchange::run(self.state.clone(), token.clone()));
        for worker in features::workers() {
            tracker.spawn(worker(self.state.clone(), token.clone()));
        }
        connections::serve(
            self.listener,
            self.router,
            self.limits,
            token,
            tracker.clone(),
        )
        .await;
        let end = async {
            self.shutdown.finish().await;
            // What no connection and no worker waits for any more: else another instance would be served
            // what was cached before a commit of the last moment.
            self.state.engines().idle().await;
        };
        if tokio::time::timeout(GRACE, end).await.is_err() {
            tracing::warn!("requests or sockets were cut off after {GRACE:?}");
        }
        self.state.engines().close().await;
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn fold_histograms(token: CancellationToken) {
    while token
        .run_until_cancelled(tokio::time::sleep(HISTOGRAM_INTERVAL))
        .await
        .is_some()
    {
        metrics::handle().run_upkeep();
    }
}
