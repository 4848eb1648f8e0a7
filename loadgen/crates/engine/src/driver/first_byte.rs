//! The first byte that was read from a connection of HTTP/2: it shows a server of another protocol.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The first byte that was read, after decryption.
#[derive(Debug, Default)]
pub(super) struct FirstByte(Cell<Option<u8>>);

impl FirstByte {
    /// The byte; `None` before anything was read.
    pub(super) fn get(&self) -> Option<u8> {
        self.0.get()
    }
}

/// A stream that remembers the first byte that was read.
pub(super) struct WatchedStream<S> {
    stream: S,
    first: Rc<FirstByte>,
}

impl<S> WatchedStream<S> {
    /// The stream, and where its first byte can be seen.
    pub(super) fn new(stream: S) -> (Self, Rc<FirstByte>) {
        let first = Rc::<FirstByte>::default();
        let watched = Self {
            stream,
            first: Rc::clone(&first),
        };
        (watched, first)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.first.get().is_none() {
            self.first.0.set(buffer.filled().get(before).copied());
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
