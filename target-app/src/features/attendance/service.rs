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
    cache::TouchedGroups,
    db::{Isolation, Retry},
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
        let work = engine.change(Isolation::ReadCommitted, RETRIES, move |conn, touched| {
            let marks = Arc::clone(&marks);
            async move { carry_out(conn, now, person, staff, &marks, &touched).await }.boxed()
        });
        work.await
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
    touched: &TouchedGroups,
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
    let marked = repository::marks(conn, marks).await?;
    let lessons = participants.iter().map(|one| (one.student, one.mentor));
    touched.add(dashboards::groups(lessons));
    Ok(marked)
}

/// The attendance of a student at that instant.
pub(super) async fn summary(
    engine: &Engine,
    reader: AttendanceReader,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<AttendanceSummary, ApiError> {
    let (mut session, mentor) = match reader {
        AttendanceReader::Own => (engine.db.reader(), None),
        AttendanceReader::Staff(viewer) => {
            let mut session = engine.db.session();
            students::find_card(&mut session, viewer, student).await?;
            (session, viewer.mentor())
        }
    };
    let counts = repository::summary(&mut *session.conn().await?, student, mentor, now).await?;
    Ok(counts)
}
