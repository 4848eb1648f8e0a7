//! What has been read from a connection so far: whether anything of a response came decides whether
//! its request may be sent again, and the first byte shows a server of another protocol.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much was read, and the first byte of it.
#[derive(Debug, Default)]
pub(super) struct ReceivedBytes {
    bytes: Cell<u64>,
    first: Cell<Option<u8>>,
}

impl ReceivedBytes {
    /// Bytes read so far, after decryption.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The first byte that was read.
    pub(super) fn first(&self) -> Option<u8> {
        self.first.get()
    }
}

/// A stream whose reads are counted.
pub(super) struct CountedStream<S> {
    stream: S,
    received: Rc<ReceivedBytes>,
}

impl<S> CountedStream<S> {
    /// The stream, and where its reads are counted.
    pub(super) fn new(stream: S) -> (Self, Rc<ReceivedBytes>) {
        let received = Rc::<ReceivedBytes>::default();
        let counted = Self {
            stream,
            received: Rc::clone(&received),
        };
        (counted, received)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let new = &buffer.filled()[before..];
        if let Some(first) = new.first() {
            let ReceivedBytes { bytes, first: kept } = &*self.received;
            if bytes.get() == 0 {
                kept.set(Some(*first));
            }
            bytes.set(bytes.get() + new.len() as u64);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
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
