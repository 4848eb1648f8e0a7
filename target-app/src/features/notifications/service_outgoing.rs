//! What a transaction writes to tell others of it, and the push of that after its commit. Whoever causes
//! a notification calls [`Outgoing::write`] in its transaction; a new kind is a variant of
//! `NotificationKind`, a word in the check of the table, and such a call.

use std::sync::{Arc, Mutex, PoisonError};

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

    /// Writes one notification about each of these bookings in the transaction. A transaction writes
    /// once: where it is run again, what its former attempt wrote is gone.
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
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = written;
        Ok(())
    }

    /// Pushes what was written to the sockets of its readers; after the commit only.
    pub(crate) fn push(self) {
        let Some(hub) = &self.hub else { return };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        for (reader, notification) in written.drain(..) {
            let frame = serde_json::to_string(&ServerFrame::Notification(notification))
                .expect("frames are strings, numbers and times");
            let frame = frame.into();
            hub.notify(reader, &frame);
            hub.pass_on(self.fanout, RelayedKind::Personal(reader), &frame);
        }
    }
}
