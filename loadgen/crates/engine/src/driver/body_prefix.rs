//! The body of a response while it arrives: every byte is counted, only the beginning is kept.

use bytes::{Bytes, BytesMut};

/// The beginning of a body, and how many bytes came.
pub(super) struct BodyPrefix {
    /// Most bytes that are kept.
    limit: usize,
    /// The first part: most bodies arrive in one, which is then not copied.
    first: Bytes,
    more: BytesMut,
    bytes: u64,
}

impl BodyPrefix {
    /// Nothing yet; at most `limit` bytes are kept.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            first: Bytes::new(),
            more: BytesMut::new(),
            bytes: 0,
        }
    }

    /// Counts the next part, and keeps what of it is within the limit.
    pub(super) fn push(&mut self, mut part: Bytes) {
        self.bytes += part.len() as u64;
        part.truncate(self.limit - self.first.len() - self.more.len());
        if self.first.is_empty() {
            self.first = part;
        } else {
            self.more.extend_from_slice(&part);
        }
    }

    /// The kept beginning, and the number of bytes of the whole body.
    pub(super) fn finish(self) -> (Bytes, u64) {
        let Self {
            first, more, bytes, ..
        } = self;
        if more.is_empty() {
            return (first, bytes);
        }
        let mut kept = BytesMut::with_capacity(first.len() + more.len());
        kept.extend_from_slice(&first);
        kept.extend_from_slice(&more);
        (kept.freeze(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_are_counted_and_those_within_the_limit_are_kept() {
        let mut body = BodyPrefix::new(10);
        for part in ["", "abcd", "efgh", "ijkl", "mnop"] {
            body.push(Bytes::from_static(part.as_bytes()));
        }
        assert_eq!(body.finish(), (Bytes::from_static(b"abcdefghij"), 16));
        let mut body = BodyPrefix::new(10);
        for _ in 0..10_000 {
            body.push(Bytes::from_static(&[7; 16 * 1024]));
        }
        let (kept, bytes) = body.finish();
        assert_eq!((kept.len(), bytes), (10, 10_000 * 16 * 1024));
        assert_eq!(BodyPrefix::new(10).finish(), (Bytes::new(), 0));
    }
}
