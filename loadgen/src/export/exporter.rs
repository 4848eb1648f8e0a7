//! The threads of the export: one receives events, one serves and pushes. Neither can slow the run
//! down, and both end within two seconds of its end.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::{
    figures::SharedFigures,
    page,
    push::{self, OtlpEndpoint, OtlpPusher},
};
use crate::http_server;
use loadgen_experiment::events::{Event, Publisher};

/// Time between two checks whether the command has ended.
const POLL: Duration = Duration::from_millis(50);

/// Why metrics cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The address cannot be listened on.
    #[error("failed to listen on {address}: {source}; choose another port with --metrics")]
    Listen {
        /// As it was asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The machine starts no more threads.
    #[error("failed to start the export of metrics: {0}")]
    Start(#[source] std::io::Error),
    /// The HTTP client cannot be created.
    #[error("failed to create the client for the collector: {0}")]
    Client(#[source] reqwest::Error),
}

/// Exports the metrics of a running command.
#[derive(Debug)]
pub struct Exporter {
    receiver: JoinHandle<()>,
    network: JoinHandle<()>,
    /// Set when the command has ended, although a publisher may still be alive.
    ended: Arc<AtomicBool>,
    stop: CancellationToken,
    /// Address of the page.
    page: Option<SocketAddr>,
}

impl Exporter {
    /// Serves the metrics on `metrics` and pushes them to `collector`. Publishes the address of the
    /// page as a note on `events`, and one warning where the collector accepts nothing.
    pub fn start(
        received: Receiver<Event>,
        metrics: Option<SocketAddr>,
        collector: Option<OtlpEndpoint>,
        events: &Publisher,
    ) -> Result<Self, ExportError> {
        let figures = SharedFigures::default();
        let stop = CancellationToken::new();
        let bound = metrics
            .map(|address| {
                http_server::bind(address).map_err(|source| ExportError::Listen { address, source })
            })
            .transpose()?;
        let page = bound.as_ref().map(|(_, address)| *address);
        let pusher = collector
            .map(|endpoint| {
                Ok(OtlpPusher {
                    endpoint,
                    client: push::client().map_err(ExportError::Client)?,
                    figures: figures.clone(),
                    warn_on: Some(events.clone()),
                })
            })
            .transpose()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ExportError::Start)?;
        let (served, token) = (figures.clone(), stop.clone());
        let network = thread::Builder::new()
            .name("export".into())
            .spawn(move || {
                let listener = bound.map(|(listener, _)| listener);
                run_network(runtime, listener, pusher, served, token);
            })
            .map_err(ExportError::Start)?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let receiver = thread::Builder::new()
            .name("export-events".into())
            .spawn(move || receive(&received, &figures, &seen))
            .map_err(ExportError::Start)?;
        if let Some(address) = page {
            events.note(format!("metrics at http://{address}{}", page::PATH));
        }
        Ok(Self {
            receiver,
            network,
            ended,
            stop,
            page,
        })
    }

    /// Address of the page; the real port where port 0 was asked for.
    pub fn page(&self) -> Option<SocketAddr> {
        self.page
    }

    /// Waits until the events so far are exported, for two seconds at most.
    pub fn flush(self) {
        self.ended.store(true, Ordering::Release);
        // A panic there must not lose the result.
        let _panic = self.receiver.join();
        self.stop.cancel();
        let _panic = self.network.join();
    }
}

/// Applies events until the last publisher is gone, or until `ended` is set and none is waiting.
fn receive(received: &Receiver<Event>, figures: &SharedFigures, ended: &AtomicBool) {
    loop {
        match received.recv_timeout(POLL) {
            Ok(event) => figures.lock().apply(event),
            Err(RecvTimeoutError::Timeout) if !ended.load(Ordering::Acquire) => {}
            Err(_) => return,
        }
    }
}

/// Serves and pushes until `stop` is cancelled.
fn run_network(
    runtime: Runtime,
    listener: Option<TcpListener>,
    pusher: Option<OtlpPusher>,
    figures: SharedFigures,
    stop: CancellationToken,
) {
    runtime.block_on(async {
        let serving = async {
            if let Some(listener) = listener {
                // It fails only where the listener cannot be registered, before anyone is connected.
                let _unregistered = page::server(figures).accept(listener, &stop).await;
            }
        };
        let pushing = async {
            if let Some(pusher) = pusher {
                pusher.run(stop.clone()).await;
            }
        };
        tokio::join!(serving, pushing);
    });
    // A name lookup of the collector cannot be cancelled and must not be waited for.
    runtime.shutdown_background();
}

#[cfg(test)]
#[path = "exporter_tests.rs"]
mod tests;
