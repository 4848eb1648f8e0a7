//! The HTTP/1 server of the web page and of the metrics page, with bounds: how many connections,
//! how long a request's head may take, how long a connection may last.
//!
//! `axum::serve` sets no timeout for the head of a request and cannot close one connection of
//! many, so connections are driven by hyper here. Everything above is an [`axum::Router`].

use std::{
    future, io,
    net::{SocketAddr, TcpListener as StdListener},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service as _;

/// Pause after a failed accept, which is most often a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Most bytes that are buffered for each direction of a connection: files are read as fast as
/// their reader takes them, whatever their size.
const BUFFER: usize = 64 * 1024;

/// Bounds of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Most connections at once; more wait to be accepted.
    pub(crate) connections: usize,
    /// How long a client may take to send a request's head.
    pub(crate) head_timeout: Duration,
    /// How long a connection may last; `None`: as long as its client wants.
    pub(crate) lifetime: Option<Duration>,
    /// Whether a connection may carry a second request.
    pub(crate) keep_alive: bool,
}

/// Closes the connection that a request came on; in the extensions of each request.
#[derive(Debug, Clone)]
pub(crate) struct Disconnect(pub(crate) CancellationToken);

/// A server with the connections that are open.
#[derive(Debug)]
pub(crate) struct HttpServer {
    router: Router,
    limits: ConnectionLimits,
    connections: TaskTracker,
    draining: CancellationToken,
}

/// Binds an address before anything is started; returns the port that port 0 has become.
pub(crate) fn bind(address: SocketAddr) -> io::Result<(StdListener, SocketAddr)> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl HttpServer {
    pub(crate) fn new(router: Router, limits: ConnectionLimits) -> Self {
        Self {
            router,
            limits,
            connections: TaskTracker::new(),
            draining: CancellationToken::new(),
        }
    }

    /// Accepts connections until `stop` is cancelled. Those that are open then stay open.
    pub(crate) async fn accept(
        &self,
        listener: StdListener,
        stop: &CancellationToken,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        loop {
            let accepted = tokio::select! {
                accepted = async {
                    let slot = Arc::clone(&slots).acquire_owned().await;
                    (listener.accept().await, slot)
                } => accepted,
                () = stop.cancelled() => return Ok(()),
            };
            let (Ok((stream, _)), Ok(slot)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (router, draining) = (self.router.clone(), self.draining.clone());
            let limits = self.limits;
            self.connections.spawn(async move {
                converse(stream, router, limits, draining).await;
                drop(slot);
            });
        }
    }

    /// Lets open connections finish the response that they are in, for `limit` at most.
    pub(crate) async fn drain(&self, limit: Duration) {
        self.draining.cancel();
        self.connections.close();
        // Connections that are open after the limit end with the event loop.
        let _elapsed = timeout(limit, self.connections.wait()).await;
    }
}

/// Serves one connection until its client leaves, a limit is reached or the server drains.
async fn converse(
    stream: TcpStream,
    router: Router,
    limits: ConnectionLimits,
    draining: CancellationToken,
) {
    // Small messages of a live page must not wait for an acknowledgement.
    let _best_effort = stream.set_nodelay(true);
    let disconnect = Disconnect(CancellationToken::new());
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(disconnect.clone());
        router.clone().call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(BUFFER)
        .keep_alive(limits.keep_alive);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A client that has gone is no failure of the server.
        _ = connection.as_mut() => return,
        () = disconnect.0.cancelled() => return,
        () = lifetime_over(limits.lifetime) => return,
        () = draining.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _client_gone = connection.await;
}

async fn lifetime_over(lifetime: Option<Duration>) {
    match lifetime {
        Some(lifetime) => sleep(lifetime).await,
        None => future::pending().await,
    }
}

#[cfg(test)]
#[path = "http_server_tests.rs"]
mod tests;
