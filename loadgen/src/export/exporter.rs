//! The threads that keep all of this away from the load: one hears the events, one speaks with
//! the network. Neither can hold the run back, and both are over within two seconds of its end.

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
    page,
    push::{self, Collector, Pusher},
    shared::SharedFigures,
};
use loadgen_experiment::events::{Event, Publisher};

/// How soon the end is seen where a publisher is still alive.
const GLANCE: Duration = Duration::from_millis(50);

/// Why figures cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The address cannot be listened on.
    #[error("failed to listen on {address}: {source}; choose another port with --metrics")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The machine has no room for the event loop.
    #[error("failed to start the export of figures: {0}")]
    Start(#[source] std::io::Error),
    /// The client cannot be made.
    #[error("failed to make a client of the collector: {0}")]
    Client(#[source] reqwest::Error),
}

/// Exports the figures of a running command.
#[derive(Debug)]
pub struct Exporter {
    listener: JoinHandle<()>,
    network: JoinHandle<()>,
    /// Set when nothing more is expected, although a publisher may still be alive.
    ended: Arc<AtomicBool>,
    stop: CancellationToken,
    /// Where the page is.
    page: Option<SocketAddr>,
}

impl Exporter {
    /// Serves what `heard` tells on `metrics`, and pushes it to `collector`; says on `events`
    /// where the page is, and warns there, once, of a collector that takes nothing.
    pub fn start(
        heard: Receiver<Event>,
        metrics: Option<SocketAddr>,
        collector: Option<Collector>,
        events: &Publisher,
    ) -> Result<Self, ExportError> {
        let figures = SharedFigures::default();
        let stop = CancellationToken::new();
        let bound = metrics.map(listen).transpose()?;
        let page = bound.as_ref().map(|(_, address)| *address);
        let pusher = collector
            .map(|collector| {
                let client = push::client().map_err(ExportError::Client)?;
                let figures = figures.clone();
                let complain = Some(events.clone());
                Ok(Pusher {
                    collector,
                    client,
                    figures,
                    complain,
                })
            })
            .transpose()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ExportError::Start)?;
        let (shared, token) = (figures.clone(), stop.clone());
        let network = thread::Builder::new()
            .name("export".into())
            .spawn(move || {
                speak(
                    runtime,
                    bound.map(|(bound, _)| bound),
                    pusher,
                    shared,
                    token,
                );
            })
            .map_err(ExportError::Start)?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let listener = thread::Builder::new()
            .name("export-hear".into())
            .spawn(move || hear(&heard, &figures, &seen))
            .map_err(ExportError::Start)?;
        if let Some(address) = page {
            events.note(format!("figures at http://{address}{}", page::PATH));
        }
        Ok(Self {
            listener,
            network,
            ended,
            stop,
            page,
        })
    }

    /// Where the page is; the real port where port 0 was asked for.
    pub fn page(&self) -> Option<SocketAddr> {
        self.page
    }

    /// Waits until the events so far are told: two seconds at most.
    pub fn finish(self) {
        self.ended.store(true, Ordering::Release);
        // A panic there must not take the result with it.
        let _heard = self.listener.join();
        self.stop.cancel();
        let _told = self.network.join();
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ExportError> {
    let bound = page::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| ExportError::Listen { address, source })
}

/// Takes events in until the last publisher is gone, or until `ended` is set and none is waiting.
fn hear(heard: &Receiver<Event>, figures: &SharedFigures, ended: &AtomicBool) {
    loop {
        match heard.recv_timeout(GLANCE) {
            Ok(event) => figures.lock().hear(event),
            Err(RecvTimeoutError::Timeout) if ended.load(Ordering::Acquire) => return,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn speak(
    runtime: Runtime,
    page: Option<TcpListener>,
    pusher: Option<Pusher>,
    figures: SharedFigures,
    stop: CancellationToken,
) {
    runtime.block_on(async {
        let serving = async {
            if let Some(page) = page {
                page::serve(page, figures, stop.clone()).await;
            }
        };
        let pushing = async {
            if let Some(pusher) = pusher {
                pusher.run(stop.clone()).await;
            }
        };
        tokio::join!(serving, pushing);
    });
    // The look-up of a collector's name cannot be given up: it must not be waited for.
    runtime.shutdown_background();
}

#[cfg(test)]
#[path = "exporter_tests.rs"]
mod tests;
