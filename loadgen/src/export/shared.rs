//! The figures between the thread that hears events and those that publish.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::figures::Figures;

/// The figures of the events so far; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedFigures(Arc<Mutex<Figures>>);

impl SharedFigures {
    pub(super) fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
