//! The web server: a thread with an event loop of its own, so that clients take no time from the
//! load's.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    job_template::JobTemplate,
    launcher::JobLauncher,
    live_feed::LiveFeed,
    origin_check::OriginCheck,
    page_secret::{self, PageSecret},
    routes::{self, WebState},
    run_index::RunIndex,
};
use crate::http_server::{self, ConnectionLimits, HttpServer};
use loadgen_experiment::events::{Event, LoadControl, printable};

const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 64,
    head_timeout: Duration::from_secs(10),
    // A live page stays connected for as long as it is open.
    lifetime: None,
    keep_alive: true,
};
/// Time after the last request in which a reader may come back, from a report for example.
const AWAY: Duration = Duration::from_secs(5);
/// How long clients may take to read the last messages.
const DRAIN: Duration = Duration::from_secs(1);

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address cannot be listened on.
    #[error("failed to listen on {address}: {source}; choose another address or port")]
    Listen {
        /// As it was asked for.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// Other machines reach the address, and there is no secret.
    #[error(
        "other machines reach {0}: give a secret with --page-secret or LOADGEN_PAGE_SECRET, which a browser sends once as http://{0}/?secret=SECRET, or choose an address like 127.0.0.1:8090"
    )]
    Open(SocketAddr),
    /// The machine starts no more threads.
    #[error("failed to start the web server's thread: {0}")]
    Thread(#[from] io::Error),
}

/// Settings of a web server.
#[derive(Debug)]
pub struct WebConfig {
    /// The results folder; need not exist yet.
    pub results: PathBuf,
    /// Where to listen.
    pub address: SocketAddr,
    /// What a client must know where other machines reach the address; unused elsewhere.
    pub secret: Option<PageSecret>,
    /// How commands are started from the page; `None` where it shows a single command.
    pub jobs: Option<JobTemplate>,
}

/// A running web server. Cheap to clone; [`WebServer::close`] ends it.
#[derive(Debug, Clone)]
pub struct WebServer {
    inner: Arc<ServerInner>,
}

#[derive(Debug)]
struct ServerInner {
    address: SocketAddr,
    state: Arc<WebState>,
    stop: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A command of this process that the page shows; see [`WebServer::attach`].
#[derive(Debug)]
pub struct AttachedCommand {
    feed: LiveFeed,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WebServer {
    /// Listens, and serves from then on.
    pub fn start(config: WebConfig) -> Result<Self, WebError> {
        let is_open = page_secret::is_wanted(config.address.ip());
        let secret = config.secret.filter(|_| is_open);
        if is_open && secret.is_none() {
            return Err(WebError::Open(config.address));
        }
        let (listener, address) =
            http_server::bind(config.address).map_err(|source| WebError::Listen {
                address: config.address,
                source,
            })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let feed = LiveFeed::default();
        let state = Arc::new(WebState {
            root: config.results,
            origin_check: OriginCheck::new(address.ip(), secret),
            launcher: JobLauncher::new(config.jobs, feed.clone()),
            feed,
            run_index: RunIndex::default(),
            last_request: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let (served, stopped) = (Arc::clone(&state), stop.clone());
        let thread = thread::Builder::new()
            .name("web".to_owned())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))?;
        let inner = Arc::new(ServerInner {
            address,
            state,
            stop,
            thread: Mutex::new(Some(thread)),
        });
        Ok(Self { inner })
    }

    /// Where it listens; the real port where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// The URL that opens it: with the secret, where one is needed.
    pub fn url(&self) -> String {
        self.url_with(PageSecret::expose)
    }

    /// The URL for places that others read, such as events, logs and the page itself: with a word in place of the
    /// secret.
    pub fn masked_url(&self) -> String {
        self.url_with(|_| "SECRET")
    }

    fn url_with(&self, shown: impl Fn(&PageSecret) -> &str) -> String {
        let mut address = self.inner.address;
        if address.ip().is_unspecified() {
            // Of all the addresses of this machine, one that works on it.
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        match self.inner.state.origin_check.secret() {
            Some(secret) => format!("http://{address}/?secret={}", shown(secret)),
            None => format!("http://{address}/"),
        }
    }

    /// Whether a page is open, or was a moment ago.
    pub fn is_read(&self) -> bool {
        let state = &self.inner.state;
        let last = *state
            .last_request
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.feed.readers() > 0 || last.is_some_and(|last| last.elapsed() < AWAY)
    }

    /// Shows a command of this process from its events, and lets clients change its load.
    pub fn attach(&self, events: Receiver<Event>, load_control: &LoadControl) -> AttachedCommand {
        let feed = self.inner.state.feed.clone();
        // Jobs are not allowed while a command of this process may run, so no other one is running.
        feed.begin(load_control.clone(), None);
        let ended = Arc::new(AtomicBool::new(false));
        let thread = feed.follow(events, Arc::clone(&ended));
        AttachedCommand {
            feed,
            ended,
            thread,
        }
    }

    /// From now on the page may start commands, where [`WebConfig::jobs`] says how.
    pub fn allow_jobs(&self) {
        self.inner.state.launcher.allow();
    }

    /// Stops what the page has started, sends the last messages, and waits for the end of all.
    pub fn close(&self) {
        self.inner.stop.cancel();
        let mut thread = self
            .inner
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // A panic in it has been printed.
            let _panic = thread.join();
        }
    }
}

impl AttachedCommand {
    /// Waits until all events so far are published; the command has ended, without a verdict where it says why.
    pub fn flush(self, failure: Option<String>) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread {
            // A panic there must not lose the result.
            let _panic = thread.join();
        }
        self.feed.end(failure.map(|why| printable(&why)));
    }
}

async fn serve(listener: TcpListener, state: Arc<WebState>, stop: CancellationToken) {
    let server = HttpServer::new(routes::router(Arc::clone(&state)), LIMITS);
    // It fails only where the listener cannot be registered, before anyone is connected.
    let _unregistered = server.accept(listener, &stop).await;
    // First, so that the last events of children are still sent.
    state.launcher.shut_down().await;
    state.feed.close();
    server.drain(DRAIN).await;
}
