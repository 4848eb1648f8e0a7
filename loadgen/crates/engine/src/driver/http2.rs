//! HTTP/2 connections that several virtual users share; each request is a stream of its own.

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
    client_endpoint::ClientEndpoint,
    generator_limit::connect_failure,
    message::RequestFailure,
    stream::{self, ClientStream, ConnectTimes},
};

/// A handle on a shared connection, for one user.
pub(super) type Http2Sender = SendRequest<Full<Bytes>>;

/// The connections of one worker, by the number of the group of users that shares them.
#[derive(Default)]
pub(super) struct Http2Connections {
    groups: RefCell<HashMap<u32, Rc<Mutex<Option<Http2Sender>>>>>,
}

impl Http2Connections {
    /// A handle on the connection of a group, which is opened where there is none or it has been
    /// closed; `opened` is given the times of a new one.
    pub(super) async fn sender(
        &self,
        group: u32,
        endpoint: &ClientEndpoint,
        opened: impl FnOnce(ConnectTimes),
    ) -> Result<Http2Sender, RequestFailure> {
        let shared = Rc::clone(self.groups.borrow_mut().entry(group).or_default());
        // The first user opens it; those that come meanwhile wait for that one.
        let mut shared = shared.lock().await;
        if let Some(sender) = &*shared
            && !sender.is_closed()
        {
            return Ok(sender.clone());
        }
        let (stream, times) = stream::open(endpoint).await?;
        opened(times);
        let sender = match stream {
            ClientStream::Tcp(stream) => over(stream).await,
            ClientStream::Unix(stream) => over(stream).await,
            ClientStream::Tls(stream) => over(stream).await,
            ClientStream::TlsUnix(stream) => over(stream).await,
        }?;
        Ok(shared.insert(sender).clone())
    }
}

async fn over<S>(stream: S) -> Result<Http2Sender, RequestFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (sender, connection) = handshake(OnThisThread, TokioIo::new(stream))
        .await
        .map_err(|error| connect_failure("HTTP/2", &error))?;
    // Ends when the last handle is dropped or the target closes it; each request on it fails then.
    spawn_local(async move {
        let _ended = connection.await;
    });
    Ok(sender)
}

/// Spawns on the current thread: all tasks of a worker run there.
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
