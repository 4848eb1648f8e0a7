//! Which idle connections a loss may have taken along.
//!
//! Where PostgreSQL or its pooler restarts, every connection that was idle is dead, and without a
//! check at each checkout (`pool.ping_on_acquire=off`) a request would fail for each of them. One that
//! was lost gives the others away: those that have been idle since before it are checked once, at
//! their next checkout. Those that come back later are checked by sqlx when they do: after a loss none is
//! kept beside its pool that was away since before it.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Losses of this process. One for all pools, because an error does not say of which it is: what a
/// loss elsewhere costs is a round trip for each connection that is idle then.
static LOST_CONNECTIONS: LazyLock<LostConnections> = LazyLock::new(LostConnections::new);

/// When a connection was last found lost.
struct LostConnections {
    since: Instant,
    /// Nanoseconds since then; 0 before the first one.
    last: AtomicU64,
}

impl LostConnections {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    fn note(&self, now: Instant) {
        let at = now.saturating_duration_since(self.since).as_nanos();
        let at = u64::try_from(at).unwrap_or(u64::MAX).max(1);
        self.last.fetch_max(at, Relaxed);
    }

    fn may_have_taken(&self, idle: Duration, now: Instant) -> bool {
        let last = self.last.load(Relaxed);
        last > 0 && now.saturating_duration_since(self.since + Duration::from_nanos(last)) <= idle
    }
}

/// Notes that a connection was found lost now.
pub(super) fn note() {
    LOST_CONNECTIONS.note(Instant::now());
}

/// Whether a connection that has been idle for so long was so before the last loss was found.
pub(super) fn may_have_taken(idle: Duration) -> bool {
    LOST_CONNECTIONS.may_have_taken(idle, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_in_doubt_that_was_idle_before_the_loss_and_no_other() {
        let lost_connections = LostConnections::new();
        let at = |ms| lost_connections.since + Duration::from_millis(ms);
        let idle = Duration::from_millis;
        assert!(!lost_connections.may_have_taken(idle(1_000), at(1_000)));
        lost_connections.note(at(500));
        // Idle since 400 ms and since 501 ms, when looked at after 1 s.
        assert!(lost_connections.may_have_taken(idle(600), at(1_000)));
        assert!(!lost_connections.may_have_taken(idle(499), at(1_000)));
        // An older loss that is noted late takes nothing back.
        lost_connections.note(at(100));
        assert!(lost_connections.may_have_taken(idle(600), at(1_000)));
    }
}
