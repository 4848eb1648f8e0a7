//! HTTP/2 connections that several virtual users share; each request is a stream of its own.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    client::conn::http2::{Builder, SendRequest},
    rt::Executor,
};
use hyper_util::rt::TokioIo;
use tokio::{sync::Mutex, task::spawn_local};

use super::{
    client_endpoint::ClientEndpoint,
    failure_text::find,
    first_byte::{FirstByte, WatchedStream},
    generator_limit::connect_failure,
    message::RequestFailure,
    stream::{self, ClientStream, ConnectTimes},
};

/// Longest head of a response that is accepted, in bytes as HTTP/2 counts them; that of HTTP/1.1.
const MAX_HEADER_LIST: u32 = 400 * 1024;

/// A handle on a shared connection, for one user.
#[derive(Clone)]
pub(super) struct Http2Sender {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) first: Rc<FirstByte>,
    /// Whether the server takes no new streams on it, though it may still answer open ones.
    draining: Rc<Cell<bool>>,
}

impl Http2Sender {
    /// Whether new streams can be opened on it.
    pub(super) fn is_usable(&self) -> bool {
        !self.draining.get() && !self.sender.is_closed()
    }

    /// After a stream failed: unless the stream alone was reset, no user opens one on it any more.
    /// A refused stream is sent anew on a new connection.
    pub(super) fn drain_after(&self, error: &hyper::Error) {
        let alone = find::<h2::Error>(error).is_some_and(|error| {
            error.is_reset() && error.reason() != Some(h2::Reason::REFUSED_STREAM)
        });
        if !alone {
            self.draining.set(true);
        }
    }
}

/// The connections of one worker, by the number of the group of users that shares them.
#[derive(Default)]
pub(super) struct Http2Connections {
    groups: RefCell<HashMap<u32, Rc<Mutex<Option<Http2Sender>>>>>,
}

impl Http2Connections {
    /// A handle on the connection of a group, which is opened where there is none that can be used;
    /// `opened` is given the times of a new one.
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
            && sender.is_usable()
        {
            return Ok(sender.clone());
        }
        let (stream, times) = stream::open(endpoint).await?;
        opened(times);
        let sender = over(stream).await?;
        Ok(shared.insert(sender).clone())
    }
}

async fn over(stream: ClientStream) -> Result<Http2Sender, RequestFailure> {
    let (stream, first) = WatchedStream::new(stream);
    let (sender, connection) = Builder::new(OnThisThread)
        .max_header_list_size(MAX_HEADER_LIST)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| connect_failure("HTTP/2", &error))?;
    // Ends when the last handle is dropped or the target closes it; each request on it fails then.
    spawn_local(async move {
        let _ended = connection.await;
    });
    Ok(Http2Sender {
        sender,
        first,
        draining: Rc::default(),
    })
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
