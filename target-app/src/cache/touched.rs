//! Groups that a change makes wrong, known before it ends.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Caches, Group};

/// Groups, noted by the work of a transaction before its commit; clones share them.
#[derive(Debug, Clone, Default)]
pub struct TouchedGroups(Arc<Mutex<HashSet<Group>>>);

impl TouchedGroups {
    /// Notes groups whose values a commit of the transaction makes wrong.
    pub fn add(&self, groups: impl IntoIterator<Item = Group>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(groups);
    }

    /// Invalidates what was noted.
    pub async fn invalidate(&self, caches: &Caches) {
        let groups: Vec<Group> = {
            let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.iter().cloned().collect()
        };
        if !groups.is_empty() {
            caches.invalidate(&groups).await;
        }
    }
}
