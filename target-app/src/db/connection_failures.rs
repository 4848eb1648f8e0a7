//! Which connections share the fate of one that has failed: those that a loss may have taken along, and those whose
//! prepared statements a change of a table has made useless.
//!
//! Where PostgreSQL or its pooler restarts, every connection that was idle is dead, and without a
//! check at each checkout (`pool.ping_on_acquire=off`) a request would fail for each of them. One that
//! was lost gives the others away: those that have been idle since before it are checked once, at
//! their next checkout. Those that come back later are checked by sqlx when they do: after a loss none is
//! kept beside its pool that was away since before it.
//!
//! Where the result of a statement changes its type, PostgreSQL refuses it on every connection that has prepared it, and
//! the driver keeps what it has prepared. The first refusal gives the others away: each connection that was opened before
//! it is closed, at its next checkout or when it comes back.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Losses of this process. One for all pools, because an error does not say of which it is: what a
/// loss elsewhere costs is a round trip for each connection that is idle then.
static LOST: LazyLock<LastFound> = LazyLock::new(LastFound::new);

/// Statements that were refused as they had been prepared. One for all pools, too: there is one such refusal for each
/// change of a table, and a few where several requests are under way.
static STALE: LazyLock<LastFound> = LazyLock::new(LastFound::new);

/// When a failure of one kind was last found.
struct LastFound {
    since: Instant,
    /// Nanoseconds since then; 0 before the first one.
    last: AtomicU64,
}

impl LastFound {
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

    /// Whether it was less than `ago` before now.
    fn is_within(&self, ago: Duration, now: Instant) -> bool {
        let last = self.last.load(Relaxed);
        last > 0 && now.saturating_duration_since(self.since + Duration::from_nanos(last)) <= ago
    }
}

/// Notes that a connection was found lost now.
pub(super) fn note() {
    LOST.note(Instant::now());
}

/// Whether a connection that has been idle for so long was so before the last loss was found.
pub(super) fn may_have_taken(idle: Duration) -> bool {
    LOST.is_within(idle, Instant::now())
}

/// Notes that a connection had prepared a statement that the server refuses by now.
pub(super) fn note_stale_statement() {
    STALE.note(Instant::now());
}

/// Whether a connection that was opened so long ago was so before the last such refusal.
pub(super) fn may_have_stale_statements(age: Duration) -> bool {
    STALE.is_within(age, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_in_doubt_that_was_idle_before_the_failure_and_no_other() {
        let found = LastFound::new();
        let at = |ms| found.since + Duration::from_millis(ms);
        let idle = Duration::from_millis;
        assert!(!found.is_within(idle(1_000), at(1_000)));
        found.note(at(500));
        // Idle since 400 ms and since 501 ms, when looked at after 1 s.
        assert!(found.is_within(idle(600), at(1_000)));
        assert!(!found.is_within(idle(499), at(1_000)));
        // An older failure that is noted late takes nothing back.
        found.note(at(100));
        assert!(found.is_within(idle(600), at(1_000)));
    }
}
