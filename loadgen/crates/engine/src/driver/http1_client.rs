//! An HTTP/1.1 connection for one request after the other, without a task, a channel or, once its
//! buffers have grown, an allocation of its own. The request is written from one buffer, the response
//! is parsed where it was read to.

mod read_buffers;

use std::{
    fmt::Write as _,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Method, header};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};

use super::{
    body_prefix::BodyPrefix,
    client_endpoint::ClientEndpoint,
    http1_error::Http1Error,
    http1_head::{BodyLength, MAX_HEAD_BYTES, ResponseHead, names_option, take_head},
    message::{content_length, host},
    stream::ClientStream,
};
use crate::request::Request;

/// Space for the first response of a connection; one of a few kilobytes needs no second read.
const READ: usize = 4 * 1024;
/// Least space for a read.
const LEAST: usize = READ / 4;
/// A longer body is counted while it is read, not collected first.
const COLLECTED: u64 = 256 * 1024;
/// Space for each read of such a body.
const LONG_READ: usize = 64 * 1024;
/// A longer request body is written after the head, not copied behind it.
const COPIED: usize = 8 * 1024;
/// The buffer of a longer response is for no other one: its memory is free when the response is. A range of
/// 64 KB, the usual one of a player, is shorter with its head.
const KEPT: usize = 68 * 1024;
/// The space for responses grows by so many bytes: their lengths differ by a few.
const STEP: usize = 1024;

/// An open connection.
pub(super) struct Http1Client {
    stream: ClientStream,
    /// What was read and belongs to no response yet. Without memory between a response and the next request.
    input: BytesMut,
    /// Space for a response: more than the longest one so far whose buffer was kept. A read that fills the
    /// buffer does not show that nothing is left: another one has to ask.
    space: usize,
    /// Bytes that were read since the present request was sent.
    received: usize,
    /// The request that is being sent, and the part of its body that is not in it.
    output: BytesMut,
    body: Bytes,
    /// Whether written bytes may still be in a buffer of TLS.
    unflushed: bool,
    /// Whether a further request may be sent.
    reusable: bool,
    /// The first byte that was ever read.
    first: Option<u8>,
    /// Whether a byte of the present request was written, and one of its response read.
    wrote: bool,
    read: bool,
}

impl Http1Client {
    /// Over an open stream.
    pub(super) fn new(stream: ClientStream) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            space: READ,
            received: 0,
            output: BytesMut::new(),
            body: Bytes::new(),
            unflushed: false,
            reusable: true,
            first: None,
            wrote: false,
            read: false,
        }
    }

    /// Whether a request may be sent: the last response was complete, and the server has neither
    /// closed the connection nor sent anything since.
    pub(super) fn is_usable(&mut self) -> bool {
        self.reusable && self.input.is_empty() && {
            let mut context = Context::from_waker(Waker::noop());
            self.take_buffer();
            // Without an event of the socket this is no system call.
            self.poll_fill(&mut context).is_pending()
        }
    }

    /// The first byte that the server ever sent on this connection.
    pub(super) fn first(&self) -> Option<u8> {
        self.first
    }

    /// Whether no byte of the last request was written.
    pub(super) fn is_unsent(&self) -> bool {
        !self.wrote
    }

    /// Whether nothing was read since the last request was sent.
    pub(super) fn is_silent(&self) -> bool {
        !self.read
    }

    /// Sends a request and reads the head of its response.
    pub(super) async fn send(
        &mut self,
        endpoint: &ClientEndpoint,
        request: &Request,
    ) -> Result<ResponseHead, Http1Error> {
        (self.wrote, self.read) = (false, false);
        // A response that is not read to its end leaves the connection in an unknown state.
        self.reusable = false;
        self.received = 0;
        if self.input.is_empty() {
            self.take_buffer();
        }
        self.output.clear();
        encode(endpoint, request, &mut self.output);
        self.body = if request.body.len() > COPIED {
            request.body.clone()
        } else {
            self.output.extend_from_slice(&request.body);
            Bytes::new()
        };
        let to_head_request = request.method == Method::HEAD;
        let head = poll_fn(|context| self.poll_exchange(context, to_head_request)).await?;
        self.reusable = head.keep_alive && !is_last(request);
        Ok(head)
    }

    /// Reads the body of a response: its beginning of at most `keep` bytes, and how long it was. What is left of
    /// the request is written meanwhile: a server may begin to answer before it has read everything, and wait
    /// for the rest.
    pub(super) async fn read(
        &mut self,
        length: BodyLength,
        keep: usize,
    ) -> Result<(Bytes, u64), Http1Error> {
        let reusable = std::mem::take(&mut self.reusable);
        let mut prefix = BodyPrefix::new(keep);
        match length {
            BodyLength::Known(0) => {}
            BodyLength::Known(length) => self.read_known(length, &mut prefix).await?,
            BodyLength::Chunked => self.read_chunks(&mut prefix).await?,
            BodyLength::UntilClosed => self.read_rest(&mut prefix).await?,
        }
        let is_kept = self.received < KEPT;
        if is_kept {
            self.space = self.space.max((self.received + 1).next_multiple_of(STEP));
        }
        if self.input.is_empty() {
            let buffer = std::mem::take(&mut self.input);
            if is_kept {
                read_buffers::keep(buffer);
            }
        }
        // Nothing can follow a request that is not whole.
        self.reusable = reusable && self.output.is_empty() && self.body.is_empty();
        Ok(prefix.finish())
    }

    async fn read_known(&mut self, length: u64, prefix: &mut BodyPrefix) -> Result<(), Http1Error> {
        let mut left = length;
        if length <= COLLECTED {
            // One part, which is then not copied.
            let length = length as usize;
            if self.input.len() < length {
                self.input.reserve(length + 1 - self.input.len());
            }
            while self.input.len() < length {
                let read = poll_fn(|context| {
                    self.write_rest(context);
                    self.poll_read(context)
                });
                if read.await? == 0 {
                    return Err(Http1Error::Closed);
                }
            }
        }
        while left > 0 {
            if self.input.is_empty() {
                self.make_space(left.min(LONG_READ as u64) as usize + 1);
                self.fill_more().await?;
            }
            let part = left.min(self.input.len() as u64);
            prefix.push(self.input.split_to(part as usize).freeze());
            left -= part;
        }
        Ok(())
    }

    /// Reads to the end of the stream. Nobody says how far that is: each buffer is twice as large as the one
    /// before.
    async fn read_rest(&mut self, prefix: &mut BodyPrefix) -> Result<(), Http1Error> {
        let mut space = 2 * READ;
        loop {
            prefix.push(self.input.split().freeze());
            if self.input.capacity() < LEAST {
                self.make_space(space);
                space = (2 * space).min(LONG_READ);
            }
            if self.fill().await? == 0 {
                return Ok(());
            }
        }
    }

    async fn read_chunks(&mut self, prefix: &mut BodyPrefix) -> Result<(), Http1Error> {
        loop {
            let size = self.chunk_size().await?;
            if size == 0 {
                return self.trailers().await;
            }
            self.read_known(size, prefix).await?;
            if self.line().await? > 0 {
                return Err(Http1Error::Invalid("a chunk is longer than its length"));
            }
        }
    }

    /// The length of the next chunk, its extensions passed over.
    async fn chunk_size(&mut self) -> Result<u64, Http1Error> {
        loop {
            // The parser takes a line without a digit for the last chunk: a body would end where none does.
            let first = self.input.first();
            if first.is_some_and(|first| !first.is_ascii_hexdigit()) {
                return Err(Http1Error::Invalid("invalid chunk size"));
            }
            match httparse::parse_chunk_size(&self.input) {
                Ok(httparse::Status::Complete((bytes, size))) => {
                    self.input.advance(bytes);
                    return Ok(size);
                }
                Ok(httparse::Status::Partial) if self.input.len() <= MAX_HEAD_BYTES => {
                    self.fill_more().await?;
                }
                Ok(httparse::Status::Partial) | Err(_) => {
                    return Err(Http1Error::Invalid("invalid chunk size"));
                }
            }
        }
    }

    /// Passes over the lines after the last chunk.
    async fn trailers(&mut self) -> Result<(), Http1Error> {
        let mut bytes = 0;
        loop {
            let line = self.line().await?;
            bytes += line;
            if line == 0 {
                return Ok(());
            }
            if bytes > MAX_HEAD_BYTES {
                return Err(Http1Error::HeadTooLong);
            }
        }
    }

    /// Passes over one line; its length without the line end.
    async fn line(&mut self) -> Result<usize, Http1Error> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.input[seen..].iter().position(|byte| *byte == b'\n') {
                let line = &self.input[..seen + at];
                let length = line.strip_suffix(b"\r").unwrap_or(line).len();
                self.input.advance(seen + at + 1);
                return Ok(length);
            }
            seen = self.input.len();
            if seen > MAX_HEAD_BYTES {
                return Err(Http1Error::HeadTooLong);
            }
            self.fill_more().await?;
        }
    }

    /// Reads something; an end of the stream is an error.
    async fn fill_more(&mut self) -> Result<(), Http1Error> {
        match self.fill().await? {
            0 => Err(Http1Error::Closed),
            _ => Ok(()),
        }
    }

    async fn fill(&mut self) -> Result<usize, Http1Error> {
        let read = poll_fn(|context| {
            self.write_rest(context);
            self.poll_fill(context)
        });
        Ok(read.await?)
    }

    /// Goes on to write a request whose response is being read.
    fn write_rest(&mut self, context: &mut Context<'_>) {
        if self.unflushed || !self.output.is_empty() || !self.body.is_empty() {
            // A server that takes no more of it may answer all the same.
            let _refused = self.poll_write(context);
        }
    }

    /// Takes memory for a response, where there is none yet and nothing in it.
    fn take_buffer(&mut self) {
        if !self.input.try_reclaim(self.space) {
            self.input = read_buffers::take(self.space);
        }
    }

    /// Makes room for so many bytes where nothing has to be copied: in the memory that is there, once nobody
    /// has a response in it, or in other.
    fn make_space(&mut self, bytes: usize) {
        if !self.input.try_reclaim(bytes) {
            self.input = BytesMut::with_capacity(bytes);
        }
    }

    /// Reads what has come, behind what is there.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let free = self.input.capacity() - self.input.len();
        if free < LEAST {
            self.input.reserve(READ);
        }
        self.poll_read(context)
    }

    /// The same into the space that there is.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let before = self.input.len();
        let read = pin!(self.stream.read_buf(&mut self.input)).poll(context);
        if let Poll::Ready(Ok(bytes @ 1..)) = read {
            self.read = true;
            self.received += bytes;
            self.first = self.first.or(self.input.get(before).copied());
        }
        read
    }

    /// Writes the request while reading: a server may answer before it has read everything.
    fn poll_exchange(
        &mut self,
        context: &mut Context<'_>,
        to_head_request: bool,
    ) -> Poll<Result<ResponseHead, Http1Error>> {
        let written = self.poll_write(context);
        loop {
            match self.poll_fill(context) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    // Why the request could not be written says more than the end of the stream.
                    return Poll::Ready(Err(match written {
                        Poll::Ready(Err(error)) => error.into(),
                        _ => Http1Error::Closed,
                    }));
                }
                Poll::Ready(Ok(_)) => match take_head(&mut self.input, to_head_request) {
                    Ok(None) => {}
                    Ok(Some(head)) => return Poll::Ready(Ok(head)),
                    Err(error) => return Poll::Ready(Err(error)),
                },
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
            }
        }
        Poll::Pending
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let part = match (&self.output[..], &self.body[..]) {
                ([], []) => break,
                ([], body) => body,
                (head, _) => head,
            };
            let bytes = ready!(Pin::new(&mut self.stream).poll_write(context, part))?;
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            (self.wrote, self.unflushed) = (true, true);
            if self.output.is_empty() {
                self.body.advance(bytes);
            } else {
                self.output.advance(bytes);
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// The stream, and what was read of it beyond the last response.
    pub(super) fn into_stream(self) -> (ClientStream, BytesMut) {
        (self.stream, self.input)
    }
}

/// Whether a request says that it is the last one on its connection: then none may follow, whatever the
/// response says (RFC 9112, section 9.6). A server that closes need not repeat that it does.
fn is_last(request: &Request) -> bool {
    let mut headers = request.headers.iter();
    headers.any(|(name, value)| {
        *name == header::CONNECTION && names_option(value.as_bytes(), b"close")
    })
}

/// Writes the head of a request.
fn encode(endpoint: &ClientEndpoint, request: &Request, out: &mut BytesMut) {
    let length = content_length(request);
    for part in [
        request.method.as_str(),
        " ",
        request.path.as_str(),
        " HTTP/1.1\r\n",
    ] {
        out.extend_from_slice(part.as_bytes());
    }
    line(out, &header::HOST, host(endpoint, request));
    let mut encoding = endpoint.client.encoding;
    for (name, value) in &request.headers {
        if *name != header::CONTENT_LENGTH && *name != header::HOST {
            line(out, name, value);
        }
        if *name == header::ACCEPT_ENCODING {
            encoding = None;
        }
    }
    if let Some(encoding) = encoding {
        line(out, &header::ACCEPT_ENCODING, &encoding.header());
    }
    if let Some(length) = length {
        let _infallible = write!(out, "content-length: {length}\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn line(out: &mut BytesMut, name: &HeaderName, value: &HeaderValue) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[path = "http1_client_tests.rs"]
mod tests;
