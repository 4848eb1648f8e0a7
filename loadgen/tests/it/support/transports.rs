//! A real HTTP server (hyper's) that is reached over TCP, TLS or a Unix socket and speaks
//! HTTP/1.1 or HTTP/2. It answers with what it saw.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::Incoming,
    rt::Executor,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    runtime::Builder,
};
use tokio_rustls::TlsAcceptor;

/// The server, for as long as the test's process lives.
pub(crate) struct TransportServer {
    address: SocketAddr,
    tls_address: SocketAddr,
    folder: TempDir,
    seen: Arc<Seen>,
}

/// What came.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicU32,
    one: AtomicU32,
    two: AtomicU32,
}

impl TransportServer {
    /// Serves all ways at once; over TLS with a certificate for `localhost` by its own authority.
    pub(crate) fn serve() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("authority.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        let listen = || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        };
        let (plain, encrypted) = (listen(), listen());
        let unix = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        unix.set_nonblocking(true).unwrap();
        let seen = Arc::<Seen>::default();
        let server = Self {
            address: plain.local_addr().unwrap(),
            tls_address: encrypted.local_addr().unwrap(),
            folder,
            seen: Arc::clone(&seen),
        };
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let (to_unix, to_plain) = (Arc::clone(&seen), Arc::clone(&seen));
                tokio::spawn(async move {
                    let unix = UnixListener::from_std(unix).unwrap();
                    while let Ok((stream, _)) = unix.accept().await {
                        tokio::spawn(speak(stream, false, Arc::clone(&to_unix)));
                    }
                });
                tokio::spawn(async move {
                    let plain = TcpListener::from_std(plain).unwrap();
                    while let Ok((stream, _)) = plain.accept().await {
                        let seen = Arc::clone(&to_plain);
                        tokio::spawn(async move {
                            // HTTP/2 begins with a word that no HTTP/1.1 request begins with.
                            let mut first = [0; 3];
                            let came = stream.peek(&mut first).await;
                            if came.is_ok_and(|length| length > 0) {
                                speak(stream, &first == b"PRI", seen).await;
                            }
                        });
                    }
                });
                let acceptor = TlsAcceptor::from(Arc::new(config));
                let encrypted = TcpListener::from_std(encrypted).unwrap();
                while let Ok((stream, _)) = encrypted.accept().await {
                    let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                    tokio::spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                            speak(stream, two, seen).await;
                        }
                    });
                }
            });
        });
        server
    }

    /// Over plain TCP.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Over TLS.
    pub(crate) fn tls_url(&self) -> String {
        format!("https://localhost:{}/", self.tls_address.port())
    }

    /// The certificate of its authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The Unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Connections over which HTTP was spoken, and requests of HTTP/1.1 and of HTTP/2.
    pub(crate) fn seen(&self) -> (u32, u32, u32) {
        let Seen {
            connections,
            one,
            two,
        } = &*self.seen;
        (
            connections.load(Relaxed),
            one.load(Relaxed),
            two.load(Relaxed),
        )
    }
}

async fn speak<S>(stream: S, two: bool, seen: Arc<Seen>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    seen.connections.fetch_add(1, Relaxed);
    let service = service_fn(move |request: Request<Incoming>| {
        let count = match request.version() {
            http::Version::HTTP_2 => &seen.two,
            _ => &seen.one,
        };
        count.fetch_add(1, Relaxed);
        let answer = answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let io = TokioIo::new(stream);
    let _gone = if two {
        http2::Builder::new(Tasks)
            .serve_connection(io, service)
            .await
    } else {
        http1::Builder::new().serve_connection(io, service).await
    };
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let sent = |to: &str| {
        Response::builder()
            .status(302)
            .header("location", to)
            .header("set-cookie", "been=there")
            .body(Full::default())
            .unwrap()
    };
    match request.uri().path() {
        "/moved" => sent("/cookie"),
        "/circle" => sent("/circle"),
        "/away" => sent("http://127.0.0.9:9/"),
        "/cookie" if !request.headers().contains_key("cookie") => Response::builder()
            .status(403)
            .body(Full::default())
            .unwrap(),
        _ => Response::new(Full::new(Bytes::from_static(b"seen"))),
    }
}

/// Streams are tasks.
#[derive(Debug, Clone, Copy)]
struct Tasks;

impl<F> Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}
