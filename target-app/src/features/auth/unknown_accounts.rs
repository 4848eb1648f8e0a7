//! Throttle of sign-ins at addresses that have no account.
//!
//! An account locks after a row of failures. If other addresses did not, a lock would reveal that
//! an address has an account. So they lock too: in this process's memory, bounded, for a while.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, Utc};
use moka::future::Cache;
use sha2::{Digest, Sha256};

use super::model::{LOCK, MAX_FAILURES};

/// Addresses remembered; the least recently tried are forgotten first.
const CAPACITY: u64 = 20_000;
/// How long an address is remembered after its last failure.
const MEMORY: Duration = Duration::from_hours(24);

/// One for the process: it holds nothing that belongs to a profile or to a database.
static THROTTLE: LazyLock<UnknownAccounts> = LazyLock::new(UnknownAccounts::new);

#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    count: i32,
    locked_until: Option<DateTime<Utc>>,
}

/// Failures by the digest of the address: a user may have typed a password there.
struct UnknownAccounts(Cache<[u8; 32], Failures>);

impl UnknownAccounts {
    fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(MEMORY)
                .build(),
        )
    }

    async fn locked_until(&self, email: &str) -> Option<DateTime<Utc>> {
        self.0.get(&digest(email)).await?.locked_until
    }

    async fn failed(&self, email: &str, now: DateTime<Utc>) {
        self.0
            .entry(digest(email))
            .and_upsert_with(|known| {
                let mut failures = known.map_or_else(Failures::default, moka::Entry::into_value);
                failures.count += 1;
                if failures.count % MAX_FAILURES == 0 {
                    failures.locked_until = Some(now + LOCK);
                }
                std::future::ready(failures)
            })
            .await;
    }
}

/// Until when sign-ins at an address without an account are refused.
pub(super) async fn locked_until(email: &str) -> Option<DateTime<Utc>> {
    THROTTLE.locked_until(email).await
}

/// Counts a failure at an address without an account.
pub(super) async fn failed(email: &str, now: DateTime<Utc>) {
    THROTTLE.failed(email, now).await;
}

fn digest(email: &str) -> [u8; 32] {
    Sha256::digest(email.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_address_locks_at_every_fifth_failure_as_an_account_does() {
        let throttle = UnknownAccounts::new();
        let now = DateTime::UNIX_EPOCH;
        for _ in 1..MAX_FAILURES {
            throttle.failed("nobody@example.org", now).await;
            assert_eq!(throttle.locked_until("nobody@example.org").await, None);
        }
        throttle.failed("nobody@example.org", now).await;
        assert_eq!(
            throttle.locked_until("nobody@example.org").await,
            Some(now + LOCK)
        );
        assert_eq!(throttle.locked_until("other@example.org").await, None);

        // After the lock the next failures count towards the next one.
        let later = now + LOCK;
        throttle.failed("nobody@example.org", later).await;
        assert_eq!(
            throttle.locked_until("nobody@example.org").await,
            Some(now + LOCK)
        );
    }
}
