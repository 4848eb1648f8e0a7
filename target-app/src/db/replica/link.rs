//! The way to the replica, and the task that watches both servers as long as the process lives.

use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use shared::snapshot::ReplicaSnapshot;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;

use super::{
    probe::{LogPosition, LogProbe},
    standing::ReplicaStanding,
};
use crate::{
    db::{DbError, database},
    timing,
};

/// Pause between two probes: the longest that a write counts as missing on a replica that follows at
/// once.
const INTERVAL: Duration = Duration::from_millis(50);
/// Pause between two probes of a replica that is away.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// Longest wait for a replica to catch up before an engine takes requests: a reset copies the whole
/// database.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(30);
/// Pause between two checks whether it has.
const CATCH_UP_PAUSE: Duration = Duration::from_millis(10);

/// A replica of the database; clones share what is known of it.
#[derive(Clone)]
pub struct Replica(Arc<ReplicaLink>);

struct ReplicaLink {
    primary: PgConnectOptions,
    replica: PgConnectOptions,
    standing: Arc<ReplicaStanding>,
    watching: JoinHandle<()>,
}

impl fmt::Debug for Replica {
    /// The addresses contain passwords and are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica")
            .field("standing", &self.0.standing)
            .finish_non_exhaustive()
    }
}

impl Drop for ReplicaLink {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Replica {
    /// Watches the replica at an address that has to mean the same database as `direct`, the address
    /// of the primary. Needs a runtime.
    pub fn watch(direct: &str, url: &str) -> Result<Self, String> {
        let name = |url| database::name(url).map_err(|error| error.to_string());
        let (served, named) = (name(direct)?, name(url)?);
        if served != named {
            return Err(format!(
                "the address of the replica means database {named}, that of PostgreSQL {served}: both must be the same"
            ));
        }
        let options = |url| PgConnectOptions::from_str(url).map_err(|error| error.to_string());
        let (primary, replica) = (options(direct)?, options(url)?);
        let standing = Arc::<ReplicaStanding>::default();
        let watching = tokio::spawn(watch(
            LogProbe::of(&primary),
            LogProbe::of(&replica),
            Arc::clone(&standing),
        ));
        Ok(Self(Arc::new(ReplicaLink {
            primary,
            replica,
            standing,
            watching,
        })))
    }

    /// How connections of a pool are opened.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.0.replica.clone()
    }

    /// What is known of it.
    pub(super) fn standing(&self) -> &ReplicaStanding {
        &self.0.standing
    }

    /// Returns when reads may not go to it, at once where that is so already.
    pub async fn lost(&self) {
        self.standing().lost().await;
    }

    /// Questions to both.
    fn probes(&self) -> (LogProbe, LogProbe) {
        (LogProbe::of(&self.0.primary), LogProbe::of(&self.0.replica))
    }

    /// Remembers that the person of the current request has just written.
    pub(in crate::db) fn note_write(&self) {
        if let Some(person) = timing::person() {
            self.0.standing.note_write(person);
        }
    }

    /// Its figures as of now.
    pub fn snapshot(&self) -> ReplicaSnapshot {
        self.0.standing.snapshot()
    }

    /// Why reads cannot go to what is at its address, if they cannot: it is no replica, or one of
    /// another server. One that does not answer may come back and is not refused; `at_start` neither is
    /// a server of the same data that follows no other, because a process whose replica was promoted
    /// must be able to start again. Reads then go to the primary.
    pub async fn refusal(&self, at_start: bool) -> Result<Option<String>, DbError> {
        let (mut primary, mut replica) = self.probes();
        let LogPosition { follows, .. } = match replica.position().await {
            Ok(position) => position,
            Err(error) => {
                tracing::warn!(%error, "the replica does not answer; reads go to the primary until it does");
                return Ok(None);
            }
        };
        let (served, copied) = (primary.system().await?, replica.system().await?);
        let another = served.is_some() && copied.is_some() && served != copied;
        let why = match (follows, another) {
            (true, false) => return Ok(None),
            (true, true) => {
                "db.reads needs a replica of this PostgreSQL, but the server at REPLICA_URL follows another one"
            }
            (false, false) if at_start => {
                tracing::warn!(
                    "the server at REPLICA_URL follows no other; reads go to the primary until it does"
                );
                return Ok(None);
            }
            (false, _) => {
                "db.reads needs a replica, but the server at REPLICA_URL follows no other: it is not in recovery"
            }
        };
        Ok(Some(why.to_owned()))
    }

    /// Waits until the replica has what was committed before, and is used; at most
    /// [`CATCH_UP_LIMIT`], and not for one that does not answer or follow. A log line says if it is not.
    pub(super) async fn catch_up(&self) -> Result<(), DbError> {
        let (mut primary, mut replica) = self.probes();
        let goal = primary.position().await?.bytes;
        let begin = Instant::now();
        let standing = self.standing();
        while !(standing.is_usable() && standing.has_replayed(goal)) {
            let follows = replica.position().await.is_ok_and(|at| at.follows);
            if !follows {
                tracing::warn!(
                    "the replica does not answer or is none; reads go to the primary until it does"
                );
                break;
            }
            if begin.elapsed() > CATCH_UP_LIMIT {
                tracing::warn!("the replica is behind by more than {CATCH_UP_LIMIT:?}");
                break;
            }
            tokio::time::sleep(CATCH_UP_PAUSE).await;
        }
        Ok(())
    }
}

/// Looks at both servers until it is aborted.
async fn watch(mut primary: LogProbe, mut replica: LogProbe, standing: Arc<ReplicaStanding>) {
    loop {
        let asked = Instant::now();
        let (written, replayed) = tokio::join!(primary.position(), replica.position());
        match written {
            Ok(LogPosition {
                follows: false,
                bytes,
            }) => standing.primary_is_at(asked, bytes),
            Ok(_) => tracing::debug!("the primary follows another server"),
            Err(error) => tracing::debug!(%error, "the primary does not say where it is"),
        }
        let pause = match replayed {
            Ok(LogPosition {
                follows: true,
                bytes,
            }) => {
                standing.replica_is_at(bytes);
                INTERVAL
            }
            Ok(_) => {
                standing.promoted();
                RETRY_INTERVAL
            }
            Err(error) => {
                standing.lose(&error);
                RETRY_INTERVAL
            }
        };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_addresses_of_different_databases_are_refused() {
        let direct = "postgres://me@127.0.0.1:1/one";
        assert!(Replica::watch(direct, "postgres://me@127.0.0.1:2/one").is_ok());
        let refusal = Replica::watch(direct, "postgres://me@127.0.0.1:2/two").unwrap_err();
        assert!(refusal.contains("two") && refusal.contains("one"));
    }

    #[tokio::test]
    async fn an_address_with_a_password_is_not_shown() {
        let direct = "postgres://me:hidden@127.0.0.1:1/one";
        let replica = Replica::watch(direct, direct).unwrap();
        assert!(!format!("{replica:?}").contains("hidden"));
    }

    #[tokio::test]
    async fn a_replica_that_never_answered_is_no_loss_and_not_used() {
        let direct = "postgres://me@127.0.0.1:1/one";
        let replica = Replica::watch(direct, direct).unwrap();
        tokio::time::sleep(INTERVAL).await;
        let snapshot = replica.snapshot();
        assert_eq!((snapshot.usable, snapshot.losses), (false, 0));
    }
}
