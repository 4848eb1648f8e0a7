//! Opens byte streams to the target: TCP or a Unix socket, with TLS over either.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::ClientConnection;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpSocket, TcpStream, UnixStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    client_endpoint::ClientEndpoint, generator_limit::connect_failure, message::RequestFailure,
};
use crate::units::Nanos;

/// Last byte of the loopback addresses that connections may come from: each address has about
/// 28,000 ephemeral ports of its own.
const SOURCES: std::ops::RangeInclusive<u8> = 2..=16;

/// An open byte stream.
pub(super) enum ClientStream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
    TlsUnix(Box<TlsStream<UnixStream>>),
}

/// Calls the same function of whichever stream it is.
macro_rules! each {
    ($stream:expr, $poll:ident($($argument:expr),*)) => {
        match $stream.get_mut() {
            ClientStream::Tcp(stream) => Pin::new(stream).$poll($($argument),*),
            ClientStream::Unix(stream) => Pin::new(stream).$poll($($argument),*),
            ClientStream::Tls(stream) => Pin::new(stream).$poll($($argument),*),
            ClientStream::TlsUnix(stream) => Pin::new(stream).$poll($($argument),*),
        }
    };
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, poll_read(context, buffer))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, poll_shutdown(context))
    }
}

/// How long it took to open a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectTimes {
    /// TCP or Unix connect.
    pub(super) connect: Nanos,
    /// TLS handshake, where there was one.
    pub(super) tls: Option<Nanos>,
}

/// Opens a stream and measures how long that took.
pub(super) async fn open(
    endpoint: &ClientEndpoint,
) -> Result<(ClientStream, ConnectTimes), RequestFailure> {
    let begun = endpoint.clock.now();
    let refused = |error: io::Error| connect_failure("connect", &error);
    let plain = match &endpoint.client.unix {
        Some(path) => ClientStream::Unix(UnixStream::connect(path).await.map_err(refused)?),
        None => ClientStream::Tcp(tcp(endpoint.address).await.map_err(refused)?),
    };
    let connected = endpoint.clock.now();
    let connect = connected.since(begun);
    let Some(tls) = &endpoint.client.tls else {
        return Ok((plain, ConnectTimes { connect, tls: None }));
    };
    let connector = TlsConnector::from(Arc::clone(&tls.config));
    let name = tls.name.clone();
    let handshake_failed = |error: io::Error| connect_failure("tls", &error);
    let http2 = endpoint.client.http2_streams.is_some();
    let stream = match plain {
        ClientStream::Tcp(stream) => {
            let stream = connector.connect(name, stream).await;
            let stream = stream.map_err(handshake_failed)?;
            agreed(http2, stream.get_ref().1)?;
            ClientStream::Tls(Box::new(stream))
        }
        ClientStream::Unix(stream) => {
            let stream = connector.connect(name, stream).await;
            let stream = stream.map_err(handshake_failed)?;
            agreed(http2, stream.get_ref().1)?;
            ClientStream::TlsUnix(Box::new(stream))
        }
        encrypted @ (ClientStream::Tls(_) | ClientStream::TlsUnix(_)) => encrypted,
    };
    let tls = Some(endpoint.clock.now().since(connected));
    Ok((stream, ConnectTimes { connect, tls }))
}

/// Refuses a server that ignored the offer of HTTP/2.
fn agreed(http2: bool, connection: &ClientConnection) -> Result<(), RequestFailure> {
    if http2 && connection.alpn_protocol() != Some(b"h2") {
        return Err(connect_failure(
            "tls",
            &rustls::Error::NoApplicationProtocol,
        ));
    }
    Ok(())
}

/// A TCP connection with `TCP_NODELAY`. Where all ports towards a target on this machine are in
/// use, it is made from another loopback address.
async fn tcp(target: SocketAddr) -> io::Result<TcpStream> {
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
                // All ports of this address are in use as well.
                Err(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
            };
        }
    }
    let stream = stream?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
