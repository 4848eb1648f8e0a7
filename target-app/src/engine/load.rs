//! Sessions for reading what may be cached.

use super::Engine;
use crate::{cache::CacheKind, db::DbSession};

impl Engine {
    /// A session that loads a value of this kind: a reader where the kind is not cached, else one on
    /// the primary.
    ///
    /// A replica may not have replayed the change after which a value was invalidated. What it
    /// answered would be stored after the invalidation, and then be wrong for a whole life instead of
    /// for the replica's lag.
    pub fn loader(&self, kind: &CacheKind) -> DbSession {
        if self.caches.is_off(kind) {
            self.db.reader()
        } else {
            self.db.session()
        }
    }

    /// The same for what is not cached itself, but its absence under this kind.
    pub fn loader_of_absence(&self, kind: &CacheKind) -> DbSession {
        if self.caches.keeps_absence(kind) {
            self.db.session()
        } else {
            self.db.reader()
        }
    }
}
