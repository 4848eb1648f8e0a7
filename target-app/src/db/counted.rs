//! Counts of what is under way.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// One more of a count until dropped, also where its work is cancelled.
pub(super) struct Counted<'a>(&'a AtomicU32);

impl<'a> Counted<'a> {
    pub(super) fn enter(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
