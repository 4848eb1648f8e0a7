//! Limit of failed sign-ins for each client, whatever addresses it tries.
//!
//! Kept in this process: it protects the hashing threads, and the count of an address in the
//! database is what holds across instances. A place is taken before the hash and given back on
//! success, so that guesses sent at once cannot pass the limit together, and a client that signs in
//! many people, such as a load generator, is not limited.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use moka::future::Cache;
use shared::problem::Code;

use crate::{error::ApiError, http::ClientAddress};

/// Failed sign-ins, and those still under way, that a client may have in one window.
const MAX_FAILURES: u32 = 1_000;
/// Length of a window; it begins with a client's first sign-in.
const WINDOW: Duration = Duration::from_mins(1);
/// Clients remembered at once; beyond, those seen least are forgotten.
const CAPACITY: u64 = 20_000;

/// One for the process: it holds nothing that belongs to a profile or to a database.
static CLIENTS: LazyLock<ClientLimit> = LazyLock::new(|| ClientLimit::new(MAX_FAILURES));

struct ClientLimit {
    limit: u32,
    taken: Cache<ClientAddress, Arc<AtomicU32>>,
}

/// A place in a client's window, given back when dropped: after a success, and where the password
/// was not looked at or the client did not wait for the answer.
pub(super) struct TakenPlace {
    taken: Arc<AtomicU32>,
    failed: bool,
}

impl TakenPlace {
    /// Keeps the place taken until the window ends.
    pub(super) fn fail(mut self) {
        self.failed = true;
    }
}

impl Drop for TakenPlace {
    fn drop(&mut self) {
        if !self.failed {
            self.taken.fetch_sub(1, Relaxed);
        }
    }
}

impl ClientLimit {
    fn new(limit: u32) -> Self {
        let taken = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(WINDOW)
            .build();
        Self { limit, taken }
    }

    async fn take(&self, client: ClientAddress) -> Option<TakenPlace> {
        let taken = self.taken.get_with(client, async { Arc::default() }).await;
        if taken.fetch_add(1, Relaxed) < self.limit {
            return Some(TakenPlace {
                taken,
                failed: false,
            });
        }
        taken.fetch_sub(1, Relaxed);
        None
    }
}

/// Takes a place for one sign-in; an error where the client has none left in this window.
pub(super) async fn take(client: ClientAddress) -> Result<TakenPlace, ApiError> {
    CLIENTS.take(client).await.ok_or_else(|| {
        ApiError::new(
            Code::TooManyAttempts,
            "too many failed attempts from this client",
        )
        .retry_after(WINDOW.as_secs())
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[tokio::test]
    async fn failures_use_up_a_clients_places_and_successes_do_not() {
        let clients = ClientLimit::new(2);
        let [one, other] = [1, 2].map(|n| ClientAddress::from(IpAddr::from([192, 0, 2, n])));
        for _ in 0..10 {
            drop(clients.take(one).await.unwrap());
        }
        clients.take(one).await.unwrap().fail();
        let _under_way = clients.take(one).await.unwrap();
        assert!(clients.take(one).await.is_none());
        assert!(clients.take(other).await.is_some());
    }

    #[tokio::test]
    async fn a_bounded_number_of_clients_is_remembered() {
        let clients = ClientLimit::new(1);
        for n in 0..2 * CAPACITY as u32 {
            drop(clients.take(IpAddr::from(n.to_be_bytes()).into()).await);
        }
        clients.taken.run_pending_tasks().await;
        assert!(clients.taken.entry_count() <= CAPACITY);
    }
}
