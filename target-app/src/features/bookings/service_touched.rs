//! The students whose cached pages a transaction changes, known before it commits: where the answer to
//! the commit was lost, the change may have been carried out.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use shared::ids::UserId;

use super::cached;
use crate::engine::Engine;

/// Students, noted by the work of a transaction before it writes; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct TouchedStudents(Arc<Mutex<BTreeSet<UserId>>>);

impl TouchedStudents {
    /// Notes students whose bookings are about to change.
    pub(crate) fn add(&self, students: impl IntoIterator<Item = UserId>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(students);
    }

    /// Invalidates their cached pages, however the transaction ended.
    pub(crate) async fn invalidate(&self, engine: &Engine) {
        let groups: Vec<_> = {
            let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.iter().copied().map(cached::group).collect()
        };
        if !groups.is_empty() {
            engine.caches.invalidate(&groups).await;
        }
    }
}
