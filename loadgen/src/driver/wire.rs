//! How bytes travel to the target: TCP, a Unix socket, TLS over TCP.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{bench::Bench, browser::Browser, connection::Failure, encoding::Encoding};
use crate::sample::Outcome;

/// Loopback addresses that connections may come from: each has some 28 000 ports of its own.
const SOURCES: std::ops::RangeInclusive<u8> = 2..=16;

/// The way; TCP by default.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    /// The socket of this file instead of the target's address.
    pub unix: Option<PathBuf>,
    /// TLS over whatever carries the bytes.
    pub tls: Option<Tls>,
    /// HTTP/2 instead of HTTP/1.1, and how many users share a connection; at least 1.
    pub http2_streams: Option<u32>,
    /// A whole client instead of bare connections.
    pub browser: Option<Browser>,
    /// What answers may be packed with; without one, they are asked for as they are.
    pub encoding: Option<Encoding>,
}

/// Whom to trust, and under which name the target is asked for.
#[derive(Clone)]
pub struct Tls {
    /// rustls' own settings.
    pub config: Arc<ClientConfig>,
    /// The name that the certificate has to carry.
    pub name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// An open way.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
    TlsUnix(Box<TlsStream<UnixStream>>),
}

/// Opens one, and records how long that took.
pub(super) async fn open(bench: &Bench) -> Result<Stream, Failure> {
    let begun = bench.clock.now();
    let refused = |error: io::Error| (Outcome::Connect, format!("connect: {error}"));
    let unix = match &bench.wire.unix {
        Some(path) => Some(UnixStream::connect(path).await.map_err(refused)?),
        None => None,
    };
    let tcp = match &unix {
        Some(_) => None,
        None => Some(tcp(bench.target).await.map_err(refused)?),
    };
    let connected = bench.clock.now();
    let Some(tls) = &bench.wire.tls else {
        let took = connected.since(begun);
        bench.shard.borrow_mut().connected(took, None);
        return match (unix, tcp) {
            (Some(stream), _) => Ok(Stream::Unix(stream)),
            (None, Some(stream)) => Ok(Stream::Tcp(stream)),
            (None, None) => Err((Outcome::Connect, "no way to the target".to_owned())),
        };
    };
    let connector = TlsConnector::from(Arc::clone(&tls.config));
    let name = tls.name.clone();
    let distrusted = |error: io::Error| (Outcome::Connect, format!("tls: {error}"));
    let stream = match (unix, tcp) {
        (Some(stream), _) => {
            let stream = connector.connect(name, stream).await;
            Stream::TlsUnix(Box::new(stream.map_err(distrusted)?))
        }
        (None, Some(stream)) => {
            let stream = connector.connect(name, stream).await;
            Stream::Tls(Box::new(stream.map_err(distrusted)?))
        }
        (None, None) => return Err((Outcome::Connect, "no way to the target".to_owned())),
    };
    let shaken = bench.clock.now().since(connected);
    let took = connected.since(begun);
    bench.shard.borrow_mut().connected(took, Some(shaken));
    Ok(stream)
}

/// A TCP connection that sends small packets at once. Where all ports towards a target on this
/// machine are taken, it comes from another loopback address.
pub(super) async fn tcp(target: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(target).await;
    if target.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        let mut sources = SOURCES;
        while let Err(error) = &stream
            && error.kind() == io::ErrorKind::AddrNotAvailable
            && let Some(last) = sources.next()
        {
            let socket = TcpSocket::new_v4()?;
            let source = SocketAddr::from(([127, 0, 0, last], 0));
            stream = match socket.bind(source) {
                Ok(()) => socket.connect(target).await,
                // All of this address's ports are taken as well.
                Err(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
            };
        }
    }
    let stream = stream?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
