//! The bookings that a transaction changes, known before it commits: where the answer to the commit was
//! lost, the change may have been carried out, and what is cached of them is invalidated all the same.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use shared::ids::{MentorId, UserId};

use super::cached;
use crate::{engine::Engine, features::dashboards};

/// Students and mentors of bookings, noted by the work of a transaction before it writes; clones share
/// them.
#[derive(Debug, Clone, Default)]
pub(crate) struct TouchedBookings(Arc<Mutex<BTreeSet<(UserId, MentorId)>>>);

impl TouchedBookings {
    /// Notes a booking that is about to change: its student and its mentor.
    pub(crate) fn add(&self, student: UserId, mentor: MentorId) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert((student, mentor));
    }

    /// Invalidates the students' cached pages and the dashboards that count these bookings.
    pub(crate) async fn invalidate(&self, engine: &Engine) {
        let noted: Vec<_> = {
            let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.iter().copied().collect()
        };
        let students: BTreeSet<_> = noted.iter().map(|(student, _)| *student).collect();
        let mut groups: Vec<_> = students.into_iter().map(cached::group).collect();
        groups.extend(dashboards::groups(noted));
        if !groups.is_empty() {
            engine.caches.invalidate(&groups).await;
        }
    }
}
