//! The server behind the page: a thread with an event loop of its own, so that nobody who looks
//! takes time from the load's.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{self, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    board::Board,
    guard::Guard,
    orders::{Orders, Starter},
    routes::{self, Site},
    runs::Runs,
};
use loadgen_experiment::events::{Event, LoadControl};

/// Most connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long clients may take to read the last words.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("failed to listen on {address}: {source}; choose another address or port")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The machine starts no more threads.
    #[error("failed to start the page's thread: {0}")]
    Thread(#[from] io::Error),
}

/// What a page needs.
#[derive(Debug)]
pub struct Setup {
    /// The results folder; need not exist yet.
    pub results: PathBuf,
    /// Where to listen.
    pub address: SocketAddr,
    /// How commands are started from it; none where it shows a single one.
    pub starter: Option<Starter>,
}

/// A page that is being served. Cheap to clone; [`WebPage::close`] ends it.
#[derive(Debug, Clone)]
pub struct WebPage {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    site: Arc<Site>,
    stop: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A command of this process that is shown; see [`WebPage::show`].
#[derive(Debug)]
pub struct Shown {
    board: Board,
    ended: Arc<AtomicBool>,
    hearing: Option<JoinHandle<()>>,
}

impl WebPage {
    /// Listens, and serves from then on.
    pub fn open(setup: Setup) -> Result<Self, ServeError> {
        let address = setup.address;
        let refused = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let board = Board::default();
        let site = Arc::new(Site {
            root: setup.results,
            guard: Guard::new(address.ip()),
            orders: Orders::new(setup.starter, board.clone()),
            board,
            runs: Runs::default(),
        });
        let stop = CancellationToken::new();
        let (served, stopped) = (Arc::clone(&site), stop.clone());
        let thread = thread::Builder::new()
            .name("web".to_owned())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))?;
        let thread = Mutex::new(Some(thread));
        let inner = Arc::new(Inner {
            address,
            site,
            stop,
            thread,
        });
        Ok(Self { inner })
    }

    /// Where it listens; the real port where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// Shows a command of this process from its events, and lets readers steer it.
    pub fn show(&self, events: Receiver<Event>, steering: &LoadControl) -> Shown {
        let board = self.inner.site.board.clone();
        // Orders are not taken while a command of this process may run, so nothing else does.
        board.begin(steering.clone(), None);
        let ended = Arc::new(AtomicBool::new(false));
        let hearing = board.follow(events, Arc::clone(&ended));
        Shown {
            board,
            ended,
            hearing,
        }
    }

    /// From now on the page may start commands, where it was given how.
    pub fn take_orders(&self) {
        self.inner.site.orders.open();
    }

    /// Says goodbye, stops what the page has started, and waits until all of it has ended.
    pub fn close(&self) {
        self.inner.stop.cancel();
        let mut thread = self
            .inner
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // A panic in it has been printed.
            let _gone = thread.join();
        }
    }
}

impl Shown {
    /// Waits until all that was said so far has been shown; the command has ended.
    pub fn finish(self) {
        self.ended.store(true, Ordering::Release);
        if let Some(hearing) = self.hearing {
            // A panic while showing must not take the result with it.
            let _heard = hearing.join();
        }
        self.board.end(None);
    }
}

/// Accepts until `stop`, then ends in order.
async fn serve(listener: TcpListener, site: Arc<Site>, stop: CancellationToken) {
    let Ok(listener) = net::TcpListener::from_std(listener) else {
        return;
    };
    let connections = TaskTracker::new();
    let leaving = CancellationToken::new();
    accept(&listener, &site, &stop, &connections, &leaving).await;
    // The children's last events are still told.
    site.orders.finish().await;
    site.board.close();
    leaving.cancel();
    connections.close();
    let _slow_ones_are_cut = timeout(FAREWELL, connections.wait()).await;
}

async fn accept(
    listener: &net::TcpListener,
    site: &Arc<Site>,
    stop: &CancellationToken,
    connections: &TaskTracker,
    leaving: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stop.cancelled() => return,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        // Out of file descriptors, say: pause instead of spinning.
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (site, leaving) = (Arc::clone(site), leaving.clone());
        connections.spawn(async move {
            converse(stream, &site, leaving).await;
            drop(place);
        });
    }
}

/// One connection, until its client leaves, it is cut, or the server ends.
async fn converse(stream: TcpStream, site: &Arc<Site>, leaving: CancellationToken) {
    let cut = CancellationToken::new();
    let service = service_fn(|request| routes::answer(site, request, &cut));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = cut.cancelled() => return,
        () = leaving.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    // A client that has gone is no failure of ours.
    let _gone = connection.await;
}
