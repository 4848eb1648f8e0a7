//! HTTP/2: connections that several virtual users share, each request a stream of its own.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    client::conn::http2::{SendRequest, handshake},
    rt::Executor,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Mutex,
    task::spawn_local,
};

use super::{
    bench::Bench,
    connection::Failure,
    wire::{self, Stream},
};
use crate::sample::Outcome;

/// One user's way into a connection.
pub(super) type Streams = SendRequest<Full<Bytes>>;

/// The connections of one worker, by the number of the group of users that shares them.
#[derive(Default)]
pub(super) struct Multiplexed {
    groups: RefCell<HashMap<u32, Rc<Mutex<Option<Streams>>>>>,
}

impl Multiplexed {
    /// A way into the group's connection, which is opened where there is none, or no more.
    pub(super) async fn streams(&self, group: u32, bench: &Bench) -> Result<Streams, Failure> {
        let shared = Rc::clone(self.groups.borrow_mut().entry(group).or_default());
        // The first opens it, and those that come meanwhile wait for that one.
        let mut shared = shared.lock().await;
        if let Some(streams) = &*shared
            && !streams.is_closed()
        {
            return Ok(streams.clone());
        }
        let streams = match wire::open(bench).await? {
            Stream::Tcp(stream) => over(stream).await,
            Stream::Unix(stream) => over(stream).await,
            Stream::Tls(stream) => over(stream).await,
            Stream::TlsUnix(stream) => over(stream).await,
        }?;
        Ok(shared.insert(streams).clone())
    }
}

async fn over<S>(stream: S) -> Result<Streams, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (streams, connection) = handshake(OnThisThread, TokioIo::new(stream))
        .await
        .map_err(|error| (Outcome::Connect, format!("HTTP/2: {error}")))?;
    // Ends when the last user lets go of it, or the target closes it; each request on it is told.
    spawn_local(async move {
        let _ended = connection.await;
    });
    Ok(streams)
}

/// Everything of a worker runs on its own thread.
#[derive(Debug, Clone, Copy)]
struct OnThisThread;

impl<F> Executor<F> for OnThisThread
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}
