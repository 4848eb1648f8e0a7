//! What a transaction writes to tell others of it, and the push of that after its commit. Whoever causes
//! a notification calls [`Outgoing::write`] in its transaction, on what [`Outgoing::attempt`] gives it; a new
//! kind is a variant of `NotificationKind`, a word in the check of the table, and such a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound as _, Utc};
use shared::{
    api::{
        chat::ServerFrame,
        notifications::{NotificationKind, NotificationView},
    },
    ids::{BookingId, UserId},
    profile::Fanout,
};
use sqlx::PgConnection;

use super::{model::Audience, repository};
use crate::{
    db::DbError,
    engine::Engine,
    realtime::{Hub, RelayedKind},
};

/// The notifications of one transaction; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// `None` where none are written.
    hub: Option<Hub>,
    fanout: Fanout,
    written: Arc<Mutex<Vec<(UserId, NotificationView)>>>,
}

impl Outgoing {
    /// Those of a transaction that is about to begin on an engine.
    pub(crate) fn of(engine: &Engine) -> Self {
        let is_on = engine.policies.notifications.write.is_on();
        Self {
            hub: is_on.then(|| engine.hub.clone()),
            fanout: engine.policies.chat.fanout,
            written: Arc::default(),
        }
    }

    /// Those of an attempt of the transaction that begins now: what a former one wrote was rolled back with
    /// it, and this one may find nothing to write.
    pub(crate) fn attempt(&self) -> Self {
        self.lock().clear();
        self.clone()
    }

    /// Writes one notification about each of these bookings in the transaction; once an attempt of it.
    pub(crate) async fn write(
        &self,
        conn: &mut PgConnection,
        kind: NotificationKind,
        audience: Audience,
        bookings: &[BookingId],
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        if self.hub.is_none() || bookings.is_empty() {
            return Ok(());
        }
        // In microseconds, which PostgreSQL keeps.
        let now = now.trunc_subsecs(6);
        let written = repository::insert(conn, kind, audience, bookings, now).await?;
        *self.lock() = written;
        Ok(())
    }

    /// Pushes what was written to the sockets of its readers; after the commit only.
    pub(crate) fn push(self) {
        let Some(hub) = &self.hub else { return };
        let written = std::mem::take(&mut *self.lock());
        for (reader, notification) in written {
            let frame = serde_json::to_string(&ServerFrame::Notification(notification))
                .expect("frames are strings, numbers and times");
            let frame = frame.into();
            hub.notify(reader, &frame);
            hub.pass_on(self.fanout, RelayedKind::Personal(reader), &frame);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(UserId, NotificationView)>> {
        // No code that can panic runs under this lock, so the list is whole even then.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::NotificationId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_an_attempt_wrote_that_lost_is_not_pushed_by_the_next_one() {
        let (hub, reader) = (Hub::new(), UserId(Uuid::from_u128(1)));
        let socket = hub.connect(reader);
        let pushed = |attempts: u32| {
            let outgoing = Outgoing {
                hub: Some(hub.clone()),
                fanout: Fanout::InProcess,
                written: Arc::default(),
            };
            // The first one writes, and another one finds nothing to do.
            for nth in 0..attempts {
                let notices = outgoing.attempt();
                if nth == 0 {
                    let notification = NotificationView {
                        id: NotificationId(Uuid::from_u128(2)),
                        kind: NotificationKind::BookingMoved,
                        booking_id: BookingId(Uuid::from_u128(3)),
                        created_at: DateTime::UNIX_EPOCH,
                        read_at: None,
                    };
                    notices.lock().push((reader, notification));
                }
            }
            outgoing.push();
            socket.mailbox().try_next().is_some()
        };
        assert!(pushed(1));
        assert!(!pushed(2));
    }
}
