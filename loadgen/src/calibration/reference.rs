//! The two loops that the generator is compared with: the minimum that a client can do, and the
//! minimum that a client of the same HTTP library can do. Neither records anything.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Builder,
};

use super::null_target::ANSWER;

/// Kind of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceLoop {
    /// Writes fixed bytes and reads as many as the response has.
    RawTcp,
    /// `hyper::client::conn::http1`, one connection a task, the body drained.
    Hyper,
}

pub(super) struct RunningLoop {
    /// Requests answered so far.
    pub(super) done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl RunningLoop {
    /// Starts it on a thread that counts as the driver's.
    pub(super) fn start(
        kind: ReferenceLoop,
        target: SocketAddr,
        connections: u32,
    ) -> io::Result<Self> {
        let (done, stop) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (counted, stopped) = (Arc::clone(&done), Arc::clone(&stop));
        let thread = thread::Builder::new()
            .name(match kind {
                ReferenceLoop::RawTcp => "worker-raw".to_owned(),
                ReferenceLoop::Hyper => "worker-hyper".to_owned(),
            })
            .spawn(move || drive(kind, target, connections, &counted, &stopped))?;
        Ok(Self {
            done,
            stop,
            thread: Some(thread),
        })
    }

    /// Ends it.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.stop.store(true, Relaxed);
        self.thread.take().map_or(Ok(()), |thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a reference loop panicked")))
        })
    }
}

fn drive(
    kind: ReferenceLoop,
    target: SocketAddr,
    connections: u32,
    done: &Arc<AtomicU64>,
    stop: &Arc<AtomicBool>,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (done, stop) = (Arc::clone(done), Arc::clone(stop));
            match kind {
                ReferenceLoop::RawTcp => tasks.spawn(raw_tcp(target, done, stop)),
                ReferenceLoop::Hyper => tasks.spawn(bare_hyper(target, done, stop)),
            };
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    })
}

async fn raw_tcp(
    target: SocketAddr,
    done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET / HTTP/1.1\r\nhost: {target}\r\n\r\n");
    let mut buffer = [0; 1_024];
    while !stop.load(Relaxed) {
        stream.write_all(request.as_bytes()).await?;
        let mut come = 0;
        while come < ANSWER.len() {
            match stream.read(&mut buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => come += read,
            }
        }
        done.fetch_add(1, Relaxed);
    }
    Ok(())
}

async fn bare_hyper(
    target: SocketAddr,
    done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> io::Result<()> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    let host = target.to_string();
    while !stop.load(Relaxed) {
        sender.ready().await.map_err(io::Error::other)?;
        let request = http::Request::get("/")
            .header(http::header::HOST, &host)
            .body(Full::new(Bytes::new()))
            .map_err(io::Error::other)?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame.map_err(io::Error::other)?;
        }
        done.fetch_add(1, Relaxed);
    }
    Ok(())
}
