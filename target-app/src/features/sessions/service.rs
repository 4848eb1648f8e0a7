//! The rules of sessions: whose, when, one at a time, and a recording of each that has ended.
//!
//! Locks are taken in the order of bookings: slot, booking, session.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::{notifications::NotificationKind, sessions::SessionView},
    ids::{BookingId, SessionId, UserId},
    problem::Code,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::{NewSession, SessionFailure},
    repository,
};
use crate::{
    db::{self, DbError, Retry},
    engine::Engine,
    error::ApiError,
    features::{
        notifications::{Audience, Outgoing},
        recordings,
    },
    timing,
};

/// Times that a transaction is run again after it lost against another.
const RETRIES: Retry = Retry::Serialization(8);
/// Sessions that one transaction of the worker ends.
pub(super) const ENDED_AT_ONCE: usize = 100;

/// Nothing that this person may see.
const NO_SUCH_BOOKING: SessionFailure =
    SessionFailure::Refused(Code::NotFound, "You have no booking with this id.");
const NO_SUCH_SESSION: SessionFailure =
    SessionFailure::Refused(Code::NotFound, "You have no session with this id.");

/// A session that was initiated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Initiated {
    pub(super) session: SessionView,
    /// Whether it began now; otherwise it was live before.
    pub(super) is_new: bool,
    /// The one whose time was over and which was ended for it.
    pub(super) ended: Option<SessionId>,
}

/// Begins the class of a booking, or returns the session that is live.
pub(super) async fn initiate(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    person: UserId,
    booking: BookingId,
) -> Result<Initiated, ApiError> {
    timing::shielded(async move {
        // In microseconds, which PostgreSQL keeps.
        let now = now.trunc_subsecs(6);
        let outgoing = Outgoing::of(&engine);
        let notices = outgoing.clone();
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            let notices = notices.attempt();
            async move {
                let begun = begin(conn, now, person, booking).await?;
                if begun.is_new {
                    let (kind, reader) = (
                        NotificationKind::SessionStarted,
                        Audience::OtherThan(person),
                    );
                    notices.write(conn, kind, reader, &[booking], now).await?;
                }
                Ok::<_, SessionFailure>(begun)
            }
            .boxed()
        });
        let begun = work.await?;
        outgoing.push();
        Ok(begun)
    })
    .await
}

/// The work of the transaction.
async fn begin(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    person: UserId,
    booking: BookingId,
) -> Result<Initiated, SessionFailure> {
    if !repository::lock_booking(conn, booking, person).await? {
        return Err(NO_SUCH_BOOKING);
    }
    let class = repository::find_class(conn, booking).await?;
    let class = class.ok_or(NO_SUCH_BOOKING)?;
    let mut ended = None;
    let (id, is_new) = match class.live {
        Some(live) if live.expires_at > now => (live.id, false),
        former => {
            let begins_at = class.begin(now);
            let (part, expires_at) = class.admit(begins_at)?;
            if let Some(over) = former {
                close(conn, over.id, now).await?;
                ended = Some(over.id);
            }
            let new = NewSession {
                id: SessionId(Uuid::now_v7()),
                booking,
                part,
                initiator: person,
                started_at: begins_at,
                expires_at,
            };
            repository::insert(conn, &new).await?;
            (new.id, true)
        }
    };
    let session = repository::find_for(conn, id, person).await?;
    Ok(Initiated {
        session: session.ok_or(NO_SUCH_SESSION)?,
        is_new,
        ended,
    })
}

/// Ends a session that is live, and makes its recording; whether it was live.
async fn close(
    conn: &mut PgConnection,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let was_live = repository::end(conn, id, now).await?;
    if was_live {
        recordings::record_session(conn, id).await?;
    }
    Ok(was_live)
}

/// One session, for a participant; to others it does not exist.
pub(super) async fn get(
    engine: &Engine,
    person: UserId,
    id: SessionId,
) -> Result<SessionView, ApiError> {
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    let found = repository::find_for(&mut conn, id, person).await?;
    found.ok_or_else(|| NO_SUCH_SESSION.into())
}

/// Ends a session of a participant; doing it again changes nothing.
pub(super) async fn end(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    person: UserId,
    id: SessionId,
) -> Result<SessionView, ApiError> {
    timing::shielded(async move {
        let now = now.trunc_subsecs(6);
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            async move {
                let seen = repository::find_for(conn, id, person).await?;
                let seen = seen.ok_or(NO_SUCH_SESSION)?;
                if seen.ended_at.is_some() {
                    return Ok(seen);
                }
                close(conn, id, now).await?;
                let ended = repository::find_for(conn, id, person).await?;
                ended.ok_or(NO_SUCH_SESSION)
            }
            .boxed()
        });
        Ok(work.await?)
    })
    .await
}

/// Ends one batch of the sessions whose time is over.
pub(super) async fn end_expired(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>, DbError> {
    timing::shielded(async move {
        let now = now.trunc_subsecs(6);
        let work = db::transaction(&engine.db, Retry::Never, move |conn| {
            async move {
                let expired = repository::lock_expired(conn, now, ENDED_AT_ONCE).await?;
                for id in &expired {
                    close(conn, *id, now).await?;
                }
                Ok(expired)
            }
            .boxed()
        });
        work.await
    })
    .await
}

/// The part of sessions in the cancellation of a booking: a class that had begun early is over.
pub(in super::super) async fn on_cancelled(
    conn: &mut PgConnection,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    if let Some(live) = repository::find_live(conn, booking).await? {
        close(conn, live, now.trunc_subsecs(6)).await?;
    }
    Ok(())
}
