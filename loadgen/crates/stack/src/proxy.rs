//! A TCP proxy on loopback between the target and one of its services, which can disturb every
//! connection through it: later, fewer bytes, reset, silent, half open. Without a fault it passes what
//! comes.

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};

use rand::RngExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    runtime::{Builder, Runtime},
    sync::{Semaphore, mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use loadgen_engine::suite::LinkFault;
use loadgen_stats::seed::Chance;

/// Shortest delay of a slow link in each direction; the mean is 100 ms.
const LEAST_DELAY: Duration = Duration::from_millis(50);
/// How much longer it may be.
const DELAY_SPREAD: Duration = Duration::from_millis(100);
/// Bytes a second of a narrow link, of each connection in each direction.
const NARROW_BYTES_PER_S: usize = 32 * 1_024;
/// Bytes that a narrow link passes at once.
const NARROW_PIECE: usize = 1_024;
/// Most bytes that are read at once.
const CHUNK: usize = 16 * 1_024;
/// Most chunks of one direction that are under way: 1 MiB.
const MAX_CHUNKS: usize = 64;
/// Most connections.
const MAX_CONNECTIONS: usize = 4_096;
/// Pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What is the matter with the link; nothing as a rule.
type LinkState = Option<LinkFault>;

/// A running proxy; dropping it closes every connection through it.
#[derive(Debug)]
pub(super) struct FaultProxy {
    port: u16,
    state: watch::Sender<LinkState>,
    /// Port of loopback that new connections are led to.
    service: watch::Sender<u16>,
    runtime: Option<Runtime>,
}

impl FaultProxy {
    /// Listens on a free port of loopback for connections to that one.
    pub(super) fn start(service: u16) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("proxy")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let port = listener.local_addr()?.port();
        let (state, seen) = watch::channel(None);
        let (service, led_to) = watch::channel(service);
        runtime.spawn(accept(listener, led_to, seen));
        Ok(Self {
            port,
            state,
            service,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Disturbs the link from now on, or no more.
    pub(super) fn set(&self, fault: Option<LinkFault>) {
        self.state.send_replace(fault);
    }

    /// Leads new connections to another port of loopback. Those that are open stay where they are.
    pub(super) fn lead_to(&self, service: u16) {
        self.service.send_replace(service);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    listener: TcpListener,
    service: watch::Receiver<u16>,
    state: watch::Receiver<LinkState>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut number = 0;
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((client, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        number += 1;
        let connection = carry(client, service.clone(), state.clone(), number);
        tokio::spawn(async move {
            // A connection that breaks is closed on both sides, which is all that there is to do.
            let _broken = connection.await;
            drop(place);
        });
    }
}

/// Carries one connection until it ends.
async fn carry(
    mut client: TcpStream,
    service: watch::Receiver<u16>,
    mut state: watch::Receiver<LinkState>,
    number: u64,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let begins_with = *state.borrow();
    match begins_with {
        Some(LinkFault::Reset) => return client.set_zero_linger(),
        Some(LinkFault::HalfOpen) => return silent(&mut state).await,
        Some(LinkFault::Blackhole) => passes(&mut state).await.map(drop)?,
        Some(LinkFault::Slow | LinkFault::Narrow) | None => {}
    }
    let service = (Ipv4Addr::LOCALHOST, *service.borrow());
    let Ok(mut server) = TcpStream::connect(service).await else {
        // The service refuses it: so does the proxy, as far as it can.
        return client.set_zero_linger();
    };
    server.set_nodelay(true)?;
    let cut = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let there = pump(&mut from_client, &mut to_server, state.clone(), number);
        let back = pump(&mut from_server, &mut to_client, state.clone(), !number);
        tokio::select! {
            ended = async { tokio::try_join!(there, back) } => return ended.map(drop),
            cut = wait_for(&mut state, |fault| {
                matches!(fault, Some(LinkFault::Reset | LinkFault::HalfOpen))
            }) => cut?,
        }
    };
    if cut == Some(LinkFault::Reset) {
        server.set_zero_linger()?;
        return client.set_zero_linger();
    }
    drop(server);
    let _over = silent(&mut state).await;
    Ok(())
}

/// Waits until the link is no more half open.
async fn silent(state: &mut watch::Receiver<LinkState>) -> io::Result<()> {
    wait_for(state, |fault| fault != Some(LinkFault::HalfOpen))
        .await
        .map(drop)
}

/// Waits until the link lets bytes pass.
async fn passes(state: &mut watch::Receiver<LinkState>) -> io::Result<LinkState> {
    wait_for(state, |fault| fault != Some(LinkFault::Blackhole)).await
}

async fn wait_for(
    state: &mut watch::Receiver<LinkState>,
    wanted: impl Fn(LinkState) -> bool,
) -> io::Result<LinkState> {
    let found = state.wait_for(|fault| wanted(*fault)).await;
    found
        .map(|fault| *fault)
        .map_err(|_| io::Error::other("the proxy has ended"))
}

/// Passes bytes in one direction, in order, until the one side ends; the other side is then told.
async fn pump(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    mut state: watch::Receiver<LinkState>,
    seed: u64,
) -> io::Result<()> {
    let (queue, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(MAX_CHUNKS);
    let reading = state.clone();
    let read = async move {
        let mut chance = Chance::nth(0, seed);
        loop {
            let mut bytes = vec![0; CHUNK];
            let length = from.read(&mut bytes).await?;
            if length == 0 {
                return Ok::<(), io::Error>(());
            }
            bytes.truncate(length);
            let due = Instant::now() + delay(*reading.borrow(), &mut chance);
            if queue.send((due, bytes)).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        // What is sent later arrives later.
        let mut last = Instant::now();
        while let Some((due, bytes)) = chunks.recv().await {
            last = last.max(due);
            sleep_until(last).await;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let narrow = passes(&mut state).await? == Some(LinkFault::Narrow);
                let length = if narrow {
                    rest.len().min(NARROW_PIECE)
                } else {
                    rest.len()
                };
                let (piece, after) = rest.split_at(length);
                to.write_all(piece).await?;
                rest = after;
                if narrow {
                    sleep(Duration::from_secs(1) * length as u32 / NARROW_BYTES_PER_S as u32).await;
                }
            }
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
}

/// How long what is read now is held back.
fn delay(fault: LinkState, chance: &mut Chance) -> Duration {
    if fault == Some(LinkFault::Slow) {
        LEAST_DELAY + DELAY_SPREAD.mul_f64(chance.random_range(0.0..1.0))
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
