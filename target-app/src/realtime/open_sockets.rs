//! The open sockets of this process and of each account in it: the bound on how many there are, the one on how
//! many one account has, without which a single account could take the places of all others, and the way to end
//! those of an account.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::{ids::UserId, problem::Code};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;

/// When a client that was refused may try again.
const RETRY_AFTER_S: u64 = 5;

/// What a socket is for; declared by the feature that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketKind {
    /// Its name; sockets of one name are counted together.
    pub name: &'static str,
    /// Most sockets of this kind that the process serves at once.
    pub most: usize,
}

/// The open sockets of all accounts; clones share them.
#[derive(Clone)]
pub struct OpenSockets(Arc<SocketCounts>);

struct SocketCounts {
    /// Most sockets of one account, of all kinds together.
    most: usize,
    open: Mutex<OpenCounts>,
}

#[derive(Default)]
struct OpenCounts {
    /// Sockets of each kind, by its name.
    kinds: HashMap<&'static str, usize>,
    /// Accounts with at least one.
    accounts: HashMap<UserId, AccountSockets>,
}

impl OpenCounts {
    fn of(&mut self, kind: SocketKind) -> &mut usize {
        self.kinds.entry(kind.name).or_default()
    }
}

/// Those of one account.
#[derive(Default)]
struct AccountSockets {
    open: usize,
    /// Ends those that are open; those that open later have another token.
    revoked: CancellationToken,
}

impl OpenSockets {
    /// None yet; an account may have `most` at once.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(SocketCounts {
            most,
            open: Mutex::default(),
        }))
    }

    /// Counts a socket of an account until the place is dropped; refused if the process or the account has as
    /// many as it may have.
    ///
    /// Taken before the upgrade, so that sockets that are being opened at the same time are counted.
    pub fn take(&self, account: UserId, kind: SocketKind) -> Result<SocketPlace, ApiError> {
        let refusal =
            |detail: String| ApiError::new(Code::Overloaded, detail).retry_after(RETRY_AFTER_S);
        let mut counts = self.0.lock();
        if *counts.of(kind) >= kind.most {
            return Err(refusal("too many sockets are open".to_owned()));
        }
        let open = counts
            .accounts
            .get(&account)
            .map_or(0, |sockets| sockets.open);
        if open >= self.0.most {
            let detail =
                format!("this account has {open} open sockets, the most it may have: close one");
            return Err(refusal(detail));
        }
        *counts.of(kind) += 1;
        let sockets = counts.accounts.entry(account).or_default();
        sockets.open += 1;
        Ok(SocketPlace {
            counts: self.0.clone(),
            account,
            kind,
            revoked: sockets.revoked.clone(),
        })
    }

    /// Ends the sockets of an account; it may open others.
    pub fn revoke(&self, account: UserId) {
        let revoked = self
            .0
            .lock()
            .accounts
            .get_mut(&account)
            .map(|sockets| mem::take(&mut sockets.revoked));
        // After the lock: it wakes the tasks of the sockets.
        if let Some(revoked) = revoked {
            revoked.cancel();
        }
    }

    /// The accounts with at least one.
    pub fn accounts(&self) -> Vec<UserId> {
        self.0.lock().accounts.keys().copied().collect()
    }

    /// Open sockets of an account.
    pub fn of(&self, account: UserId) -> usize {
        self.0
            .lock()
            .accounts
            .get(&account)
            .map_or(0, |sockets| sockets.open)
    }
}

impl fmt::Debug for OpenSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSockets")
            .field("most", &self.0.most)
            .field("accounts", &self.0.lock().accounts.len())
            .finish()
    }
}

impl SocketCounts {
    fn lock(&self) -> MutexGuard<'_, OpenCounts> {
        // Nothing that can panic runs under this lock, so what it guards is whole even then.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open socket of an account. Dropping it, however the socket ends or if it never opens, gives the place
/// back.
#[must_use]
pub struct SocketPlace {
    counts: Arc<SocketCounts>,
    account: UserId,
    kind: SocketKind,
    revoked: CancellationToken,
}

impl SocketPlace {
    /// Cancelled when the socket has to end because its account may have none.
    pub const fn revoked(&self) -> &CancellationToken {
        &self.revoked
    }
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        *counts.of(self.kind) -= 1;
        if let Some(sockets) = counts.accounts.get_mut(&self.account) {
            sockets.open -= 1;
            if sockets.open == 0 {
                counts.accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: SocketKind = SocketKind {
        name: "rooms",
        most: 30,
    };
    const CALLS: SocketKind = SocketKind {
        name: "calls",
        most: 20,
    };

    fn account(n: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn an_account_has_so_many_sockets_and_takes_no_place_of_another() {
        let sockets = OpenSockets::new(2);
        let first = sockets.take(account(1), ROOMS).unwrap();
        let _second = sockets.take(account(1), ROOMS).unwrap();
        let refusal = sockets.take(account(1), ROOMS).err().unwrap();
        assert_eq!(refusal.code(), Code::Overloaded);
        assert!(refusal.detail().contains("2 open sockets"), "{refusal}");
        let _other = sockets.take(account(2), ROOMS).unwrap();
        drop(first);
        assert_eq!((sockets.of(account(1)), sockets.of(account(2))), (1, 1));
        assert!(sockets.take(account(1), ROOMS).is_ok());
    }

    #[test]
    fn the_process_has_so_many_sockets_of_each_kind_those_that_are_being_opened_included() {
        let sockets = OpenSockets::new(1);
        for (kind, other) in [(ROOMS, CALLS), (CALLS, ROOMS)] {
            let most = kind.most as u128;
            let mut places: Vec<_> = (0..most)
                .map(|n| sockets.take(account(n), kind).unwrap())
                .collect();
            let refusal = sockets.take(account(most), kind).err().unwrap();
            assert_eq!(refusal.code(), Code::Overloaded);
            assert!(sockets.take(account(most), other).is_ok());
            drop(places.pop());
            assert!(sockets.take(account(most), kind).is_ok());
        }
        assert!(sockets.accounts().is_empty(), "nothing stays behind");
    }

    #[tokio::test]
    async fn a_place_comes_back_from_a_panic_and_from_a_task_that_is_cut_off() {
        let sockets = OpenSockets::new(1);
        let place = sockets.take(account(1), ROOMS).unwrap();
        let panics = tokio::spawn(async move {
            let _place = place;
            panic!("of the test");
        });
        assert!(panics.await.is_err());
        let place = sockets.take(account(1), ROOMS).unwrap();
        let stays = tokio::spawn(async move {
            let _place = place;
            std::future::pending::<()>().await;
        });
        stays.abort();
        assert!(stays.await.is_err());
        assert_eq!(sockets.of(account(1)), 0);
        assert!(sockets.accounts().is_empty(), "nothing stays behind");
    }

    #[test]
    fn those_that_are_open_are_ended_and_neither_later_ones_nor_those_of_others() {
        let sockets = OpenSockets::new(3);
        let open =
            [account(1), account(1), account(2)].map(|one| sockets.take(one, ROOMS).unwrap());
        sockets.revoke(account(1));
        sockets.revoke(account(3));
        let later = sockets.take(account(1), ROOMS).unwrap();
        let ended = |place: &SocketPlace| place.revoked().is_cancelled();
        assert_eq!(open.each_ref().map(ended), [true, true, false]);
        assert!(!ended(&later));
        assert_eq!(
            sockets.of(account(1)),
            3,
            "each is counted until it has ended"
        );
    }
}
