//! Limits of failed sign-ins and of registrations for each client, whatever addresses it gives.
//!
//! Kept in this process: they protect the hashing threads, and the count of an address in the
//! database is what holds across instances. A place is taken before the hash, so that requests sent at once
//! cannot pass the limit together. That of a sign-in is given back on success: a client that signs in
//! many people, such as a load generator, is not limited. Whether the client waits for the answer does not
//! matter: the hash was made for it.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use moka::future::Cache;
use shared::problem::Code;

use crate::{error::ApiError, security::ClientAddress};

/// Failed sign-ins, and those still under way, that a client may have in one window.
const MAX_FAILURES: u32 = 1_000;
/// Length of a window; it begins with a client's first sign-in or registration.
const WINDOW: Duration = Duration::from_mins(1);
/// Clients remembered at once; beyond, those seen least are forgotten.
const CAPACITY: u64 = 20_000;

/// One for the process: it holds nothing that belongs to a profile or to a database.
static SIGN_INS: LazyLock<ClientLimit> = LazyLock::new(ClientLimit::default);
/// Another one for registrations.
static REGISTRATIONS: LazyLock<ClientLimit> = LazyLock::new(ClientLimit::default);

struct ClientLimit {
    taken: Cache<ClientAddress, Arc<AtomicU32>>,
}

impl Default for ClientLimit {
    fn default() -> Self {
        let taken = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(WINDOW)
            .build();
        Self { taken }
    }
}

/// A place in a client's window, given back when dropped: where no password was looked at or hashed.
pub(super) struct TakenPlace {
    taken: Arc<AtomicU32>,
    kept: bool,
}

impl TakenPlace {
    /// Keeps the place taken until the window ends.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for TakenPlace {
    fn drop(&mut self) {
        if !self.kept {
            self.taken.fetch_sub(1, Relaxed);
        }
    }
}

impl ClientLimit {
    /// One of at most `limit` places.
    async fn take(&self, client: ClientAddress, limit: u32) -> Option<TakenPlace> {
        let taken = self.taken.get_with(client, async { Arc::default() }).await;
        if taken.fetch_add(1, Relaxed) < limit {
            return Some(TakenPlace { taken, kept: false });
        }
        taken.fetch_sub(1, Relaxed);
        None
    }
}

/// Takes a place for one sign-in; an error where the client has none left in this window.
pub(super) async fn take_sign_in(client: ClientAddress) -> Result<TakenPlace, ApiError> {
    let place = SIGN_INS.take(client, MAX_FAILURES).await;
    place.ok_or_else(|| too_many("too many failed attempts from this client"))
}

/// Takes a place for one registration of at most `most` in a window; an error where the client has none left.
pub(super) async fn take_registration(
    client: ClientAddress,
    most: u32,
) -> Result<TakenPlace, ApiError> {
    let place = REGISTRATIONS.take(client, most).await;
    place.ok_or_else(|| too_many("too many registrations from this client"))
}

fn too_many(why: &str) -> ApiError {
    ApiError::new(Code::TooManyAttempts, why).retry_after(WINDOW.as_secs())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[tokio::test]
    async fn what_is_kept_uses_up_a_clients_places_and_what_is_dropped_does_not() {
        let clients = ClientLimit::default();
        let [one, other] = [1, 2].map(|n| ClientAddress::from(IpAddr::from([192, 0, 2, n])));
        for _ in 0..10 {
            drop(clients.take(one, 2).await.unwrap());
        }
        clients.take(one, 2).await.unwrap().keep();
        let _under_way = clients.take(one, 2).await.unwrap();
        assert!(clients.take(one, 2).await.is_none());
        assert!(clients.take(other, 2).await.is_some());
    }

    #[tokio::test]
    async fn a_bounded_number_of_clients_is_remembered() {
        let clients = ClientLimit::default();
        for n in 0..2 * CAPACITY as u32 {
            drop(clients.take(IpAddr::from(n.to_be_bytes()).into(), 1).await);
        }
        clients.taken.run_pending_tasks().await;
        assert!(clients.taken.entry_count() <= CAPACITY);
    }
}
