//! What is known of the replica: whether reads may go to it, how far it is behind, and what it has
//! cost so far. Outlives every engine.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use shared::snapshot::ReplicaSnapshot;
use tokio::sync::watch;
use uuid::Uuid;

use super::own_writes::OwnWrites;

/// Most positions of the primary that wait to be replayed; later ones are left out then, and whether
/// a write is there is known later than it could be.
const MAX_WAITING: usize = 4_096;

/// A read that was not sent where it could have gone, or was.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReadRoute {
    /// To the replica.
    Replica,
    /// To the primary, because its person wrote what the replica may not have.
    OwnWrites,
    /// To the primary, because the replica is away, on its way back, or has no free connection, or cancelled a
    /// statement of the same request.
    Fallback,
}

/// The standing of the replica, which its probe changes and every reader looks at.
#[derive(Debug)]
pub(super) struct ReplicaStanding {
    usable: watch::Sender<bool>,
    progress: Mutex<ReplayProgress>,
    writes: Mutex<OwnWrites>,
    reads: AtomicU64,
    own_writes: AtomicU64,
    fallbacks: AtomicU64,
    losses: AtomicU64,
}

/// How far both servers are.
#[derive(Debug, Default)]
struct ReplayProgress {
    /// When the primary was asked, and where it was then; until the replica is there too.
    waiting: VecDeque<(Instant, i64)>,
    /// Where the primary was last.
    primary: Option<i64>,
    /// Where the replica was last.
    replayed: Option<i64>,
    /// Where the replica has to be before it is used again.
    goal: Option<i64>,
}

impl Default for ReplicaStanding {
    fn default() -> Self {
        Self {
            usable: watch::Sender::new(false),
            progress: Mutex::default(),
            writes: Mutex::default(),
            reads: AtomicU64::new(0),
            own_writes: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            losses: AtomicU64::new(0),
        }
    }
}

impl ReplicaStanding {
    /// Whether reads may go to it.
    pub(super) fn is_usable(&self) -> bool {
        *self.usable.borrow()
    }

    /// Returns when reads may not go to it any more.
    pub(super) async fn lost(&self) {
        let mut usable = self.usable.subscribe();
        // The sender is in `self`, so it cannot be gone.
        let _lost = usable.wait_for(|usable| !usable).await;
    }

    /// The primary, asked at that time, is there in its log.
    pub(super) fn primary_is_at(&self, asked: Instant, bytes: i64) {
        let mut progress = self.progress();
        progress.primary = Some(bytes);
        if progress.waiting.len() < MAX_WAITING {
            progress.waiting.push_back((asked, bytes));
        }
    }

    /// The replica has replayed the log until there. One that was away is used again once it is
    /// where the primary was when it came back.
    pub(super) fn replica_is_at(&self, bytes: i64) {
        let mut progress = self.progress();
        progress.replayed = Some(bytes);
        let mut horizon = None;
        while let Some((asked, _)) = progress.waiting.pop_front_if(|(_, at)| *at <= bytes) {
            horizon = Some(asked);
        }
        let returns = !self.is_usable() && progress.is_back(bytes);
        drop(progress);
        if let Some(horizon) = horizon {
            self.writes().advance(horizon);
        }
        if returns {
            tracing::info!("reads may go to the replica");
            self.usable.send_replace(true);
        }
    }

    /// The replica does not answer, or is none any more.
    pub(super) fn lose(&self, why: &dyn std::fmt::Display) {
        {
            let mut progress = self.progress();
            progress.replayed = None;
            progress.goal = None;
        }
        if self.usable.send_replace(false) {
            self.losses.fetch_add(1, Relaxed);
            tracing::warn!(%why, "the replica is lost; reads go to the primary until it is back");
        }
    }

    /// It follows no other server any more: it is no replica, and nothing waits to be replayed by it.
    pub(super) fn promoted(&self) {
        self.lose(&"it follows no other server any more");
        self.progress().waiting.clear();
    }

    /// Whether it has replayed the log until there.
    pub(super) fn has_replayed(&self, bytes: i64) -> bool {
        self.progress().replayed.is_some_and(|at| at >= bytes)
    }

    /// Remembers that a person has just written.
    pub(super) fn note_write(&self, person: Uuid) {
        self.writes().note(person, Instant::now());
    }

    /// Whether it has all that a person wrote.
    pub(super) fn has_writes_of(&self, person: Option<Uuid>) -> bool {
        self.writes().are_there(person)
    }

    /// Counts a read.
    pub(super) fn count(&self, route: ReadRoute) {
        let counter = match route {
            ReadRoute::Replica => &self.reads,
            ReadRoute::OwnWrites => &self.own_writes,
            ReadRoute::Fallback => &self.fallbacks,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Its figures as of now.
    pub(super) fn snapshot(&self) -> ReplicaSnapshot {
        let (lag_bytes, lag_us) = self.progress().lag();
        ReplicaSnapshot {
            usable: self.is_usable(),
            lag_bytes,
            lag_us,
            reads: self.reads.load(Relaxed),
            own_writes: self.own_writes.load(Relaxed),
            fallbacks: self.fallbacks.load(Relaxed),
            losses: self.losses.load(Relaxed),
        }
    }

    fn progress(&self) -> MutexGuard<'_, ReplayProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writes(&self) -> MutexGuard<'_, OwnWrites> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayProgress {
    /// Whether a replica that was away has caught up. Until the primary has answered, nobody knows.
    fn is_back(&mut self, replayed: i64) -> bool {
        if self.goal.is_none() {
            self.goal = self.primary;
        }
        self.goal.is_some_and(|goal| replayed >= goal)
    }

    /// Bytes of log that the replica has not replayed, and for how long the oldest position among them
    /// has been the primary's, in microseconds.
    fn lag(&self) -> (u64, u64) {
        let bytes = match (self.primary, self.replayed) {
            (Some(primary), Some(replayed)) => primary.saturating_sub(replayed).max(0),
            _ => 0,
        };
        let oldest = self.waiting.front().map(|(asked, _)| asked.elapsed());
        let us = oldest.map_or(0, |age| u64::try_from(age.as_micros()).unwrap_or(u64::MAX));
        (bytes.unsigned_abs(), us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_used_from_where_the_primary_was_when_it_came_back() {
        let standing = ReplicaStanding::default();
        standing.replica_is_at(90);
        assert!(!standing.is_usable(), "nobody knows where the primary is");
        standing.primary_is_at(Instant::now(), 100);
        standing.replica_is_at(99);
        assert!(!standing.is_usable());
        // The primary goes on; to be where it was is enough.
        standing.primary_is_at(Instant::now(), 200);
        standing.replica_is_at(100);
        assert!(standing.is_usable());
        let snapshot = standing.snapshot();
        assert_eq!((snapshot.lag_bytes, snapshot.losses), (100, 0));
        for _ in 0..2 {
            standing.lose(&"gone");
            assert!(!standing.is_usable());
        }
        assert_eq!(standing.snapshot().losses, 1);
        standing.replica_is_at(150);
        assert!(!standing.is_usable());
        standing.replica_is_at(200);
        assert!(standing.is_usable());
    }

    #[test]
    fn a_lag_lasts_as_long_as_the_oldest_position_that_is_not_replayed() {
        let standing = ReplicaStanding::default();
        let Some(begin) = Instant::now().checked_sub(std::time::Duration::from_secs(2)) else {
            return;
        };
        standing.primary_is_at(begin, 100);
        standing.primary_is_at(Instant::now(), 300);
        standing.replica_is_at(50);
        let snapshot = standing.snapshot();
        assert_eq!(snapshot.lag_bytes, 250);
        assert!(snapshot.lag_us >= 2_000_000, "{snapshot:?}");
        standing.replica_is_at(100);
        assert!(standing.snapshot().lag_us < 2_000_000);
        standing.replica_is_at(300);
        let snapshot = standing.snapshot();
        assert_eq!((snapshot.lag_bytes, snapshot.lag_us), (0, 0));
    }

    #[test]
    fn a_replica_that_was_promoted_is_lost_and_behind_nobody() {
        let standing = ReplicaStanding::default();
        let Some(begin) = Instant::now().checked_sub(std::time::Duration::from_secs(2)) else {
            return;
        };
        standing.primary_is_at(begin, 100);
        standing.replica_is_at(100);
        standing.primary_is_at(begin, 300);
        assert!(standing.snapshot().lag_us >= 2_000_000);
        standing.promoted();
        let snapshot = standing.snapshot();
        assert!(!snapshot.usable);
        assert_eq!((snapshot.lag_bytes, snapshot.lag_us), (0, 0));
        assert_eq!(snapshot.losses, 1);
        // A new replica of the new primary.
        standing.primary_is_at(Instant::now(), 250);
        standing.replica_is_at(250);
        assert!(standing.is_usable());
    }

    #[test]
    fn positions_that_wait_are_bounded() {
        let standing = ReplicaStanding::default();
        for position in 0..2 * MAX_WAITING as i64 {
            standing.primary_is_at(Instant::now(), position);
        }
        assert_eq!(standing.progress().waiting.len(), MAX_WAITING);
        standing.replica_is_at(i64::MAX);
        assert!(standing.progress().waiting.is_empty());
    }
}
