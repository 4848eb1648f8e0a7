//! The rules of marking: who, whom and when; and what a mark changes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::attendance::{AttendanceSummary, AttendanceView},
    ids::UserId,
};
use sqlx::PgConnection;

use super::{
    model::{AttendanceReader, MarkSet, no_such_booking},
    repository,
};
use crate::{
    db::{self, Retry},
    engine::Engine,
    error::ApiError,
    features::{
        dashboards,
        students::{self, StudentViewer},
    },
    timing,
};

/// Times that a transaction is run again after it lost against another.
const RETRIES: Retry = Retry::Serialization(8);

/// Marks all of these participants, or none; returns the marks as they are then.
pub(super) async fn mark(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    person: UserId,
    staff: StudentViewer,
    marks: MarkSet,
) -> Result<Vec<AttendanceView>, ApiError> {
    timing::shielded(async move {
        let marks = Arc::new(marks);
        let lessons = {
            let mut session = engine.db.session();
            let mut conn = session.conn().await?;
            repository::lessons(&mut conn, &marks).await?
        };
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            let marks = Arc::clone(&marks);
            async move { carry_out(conn, now, person, staff, &marks).await }.boxed()
        });
        let outcome = work.await;
        // Also where the answer to the commit was lost: it may have been carried out.
        if outcome
            .as_ref()
            .map_or_else(|error| error.code().status() >= 500, |_| true)
        {
            let groups = dashboards::groups(lessons);
            engine.caches.invalidate(&groups).await;
        }
        outcome
    })
    .await
}

/// The work of the transaction. Bookings are locked in the order of their ids, and no other lock is
/// taken before them.
async fn carry_out(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    person: UserId,
    staff: StudentViewer,
    marks: &MarkSet,
) -> Result<Vec<AttendanceView>, ApiError> {
    let participants = repository::lock_participants(conn, marks).await?;
    let missing = marks.as_slice().iter().find(|mark| {
        !participants
            .iter()
            .any(|participant| participant.booking == mark.booking_id)
    });
    if let Some(mark) = missing {
        return Err(no_such_booking(mark.booking_id));
    }
    if let Some(refusal) = participants
        .iter()
        .find_map(|participant| participant.refusal(staff, now))
    {
        return Err(refusal);
    }
    repository::upsert(conn, marks, person, now).await?;
    Ok(repository::marks(conn, marks).await?)
}

/// The attendance of a student at that instant.
pub(super) async fn summary(
    engine: &Engine,
    reader: AttendanceReader,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<AttendanceSummary, ApiError> {
    let mut session = engine.db.session();
    let mentor = match reader {
        AttendanceReader::Own => None,
        AttendanceReader::Staff(viewer) => {
            students::find_card(&mut session, viewer, student).await?;
            viewer.mentor()
        }
    };
    let counts = repository::summary(&mut *session.conn().await?, student, mentor, now).await?;
    Ok(counts)
}
