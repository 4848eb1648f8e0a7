//! A longer way to the database: what a network between two machines would add to every message.
//!
//! The pool connects to a port of this process, from which bytes go to the server after a pause and
//! come back at once. Everything that a connection waits for is delayed: statements, `begin` and
//! `commit`, parsing of a statement that is not prepared, the ping of a checkout, the handshake.

use std::{io, net::Ipv4Addr, time::Duration};

use bytes::BytesMut;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

use super::DbError;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1_024;
/// Chunks under way on one connection; a sender of more waits.
const UNDER_WAY: usize = 64;
/// Pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A way to the server on which every message takes longer. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct DelayedRoute {
    latency: Duration,
    port: u16,
    accepting: JoinHandle<()>,
}

impl DelayedRoute {
    /// A route to the server of these options; `None` for no latency.
    ///
    /// # Errors
    ///
    /// Where the server is reached by a Unix socket, or no port can be opened.
    pub(super) async fn open(
        server: &PgConnectOptions,
        latency: Duration,
    ) -> Result<Option<Self>, DbError> {
        if latency.is_zero() {
            return Ok(None);
        }
        if server.get_socket().is_some() || server.get_host().starts_with('/') {
            let why = "db.round_trip delays TCP connections, and the database is reached by a Unix socket";
            return Err(sqlx::Error::Configuration(why.into()).into());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(sqlx::Error::Io)?;
        let port = listener.local_addr().map_err(sqlx::Error::Io)?.port();
        let server = (server.get_host().to_owned(), server.get_port());
        Ok(Some(Self {
            latency,
            port,
            accepting: tokio::spawn(accept(listener, server, latency)),
        }))
    }

    /// The same options with this way to the server.
    pub(super) fn instead_of(&self, server: PgConnectOptions) -> PgConnectOptions {
        server
            .host(&Ipv4Addr::LOCALHOST.to_string())
            .port(self.port)
    }

    /// How much later every message arrives.
    pub(super) const fn latency(&self) -> Duration {
        self.latency
    }
}

impl Drop for DelayedRoute {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves connections; those that are open end with it.
async fn accept(listener: TcpListener, server: (String, u16), latency: Duration) {
    let mut open = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let server = server.clone();
                open.spawn(async move {
                    // The client sees a closed connection, which says all that it needs to know.
                    let _closed = carry(client, server, latency).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the database was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while open.try_join_next().is_some() {}
    }
}

async fn carry(client: TcpStream, server: (String, u16), latency: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    let there = delayed(from_client, to_server, latency);
    let back = async {
        tokio::io::copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(there, back)?;
    Ok(())
}

/// Passes bytes on in their order, each chunk `latency` after it came.
async fn delayed(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    latency: Duration,
) -> io::Result<()> {
    let (sender, mut under_way) = mpsc::channel::<(Instant, BytesMut)>(UNDER_WAY);
    let reading = async move {
        loop {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            if from.read_buf(&mut chunk).await? == 0 {
                return Ok::<_, io::Error>(());
            }
            if sender
                .send((Instant::now() + latency, chunk))
                .await
                .is_err()
            {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((due, chunk)) = under_way.recv().await {
            sleep_until(due).await;
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}
