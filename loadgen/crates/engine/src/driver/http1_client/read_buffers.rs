//! Memory into which responses are read. A connection has some from a request to the end of its response
//! only: users that wait cost little, and the memory of one response is warm for the next, whoever sends it.

use std::cell::RefCell;

use bytes::BytesMut;

/// Most unused buffers that a thread keeps.
const MOST_UNUSED: usize = 64;

thread_local! {
    /// Buffers that no connection has. A flow may still have a response in one.
    static UNUSED: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with space for so many bytes.
pub(super) fn take(bytes: usize) -> BytesMut {
    // A thread that ends has none any more.
    let unused = UNUSED.try_with(|unused| unused.borrow_mut().pop());
    let mut buffer = unused.ok().flatten().unwrap_or_default();
    if !buffer.try_reclaim(bytes) {
        buffer = BytesMut::with_capacity(bytes);
    }
    buffer
}

/// Keeps an empty buffer for another response.
pub(super) fn keep(buffer: BytesMut) {
    let _thread_ends = UNUSED.try_with(|unused| {
        let mut unused = unused.borrow_mut();
        if unused.len() < MOST_UNUSED {
            unused.push(buffer);
        }
    });
}

/// Lets a test look at the unused buffers of its thread.
#[cfg(test)]
pub(super) fn with_unused<R>(look: impl FnOnce(&mut Vec<BytesMut>) -> R) -> R {
    UNUSED.with_borrow_mut(look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_where_it_is_large_enough_and_nobody_has_a_part_of_it() {
        with_unused(Vec::clear);
        let mut buffer = take(1_000);
        assert!(buffer.is_empty() && buffer.capacity() >= 1_000);
        buffer.extend_from_slice(b"a response");
        let response = buffer.split().freeze();
        let place = response.as_ptr();
        keep(buffer);
        // Somebody has the response.
        let mut other = take(1_000);
        other.extend_from_slice(b"another one");
        assert_eq!(&response[..], b"a response");
        assert_ne!(other.as_ptr(), place);
        other.clear();
        let place = other.as_ptr();
        keep(other);
        let same = take(1_000);
        assert_eq!(same.as_ptr(), place);
        keep(same);
        assert!(take(100_000).capacity() >= 100_000);
    }

    #[test]
    fn of_many_buffers_some_are_kept() {
        with_unused(Vec::clear);
        for _ in 0..MOST_UNUSED + 10 {
            keep(BytesMut::with_capacity(10));
        }
        assert_eq!(with_unused(|unused| unused.len()), MOST_UNUSED);
    }
}
