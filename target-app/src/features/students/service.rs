//! Which students a member of the staff sees.

use chrono::{DateTime, Utc};
use shared::{
    api::students::{StudentCard, StudentDetail},
    ids::UserId,
    page::Page,
};

use super::{
    model::{StudentFilter, StudentViewer},
    repository,
};
use crate::{db::DbSession, engine::Engine, error::ApiError};

/// One page of students, by name.
pub(super) async fn list(
    engine: &Engine,
    viewer: StudentViewer,
    filter: &StudentFilter,
) -> Result<Page<StudentCard>, ApiError> {
    let mut session = engine.db.reader();
    let items = repository::page(&mut *session.conn().await?, viewer, filter).await?;
    let total = repository::count(&mut *session.conn().await?, viewer, filter).await?;
    Ok(filter.page.with(items, total))
}

/// A student with the number of their lessons at that instant.
pub(super) async fn detail(
    engine: &Engine,
    viewer: StudentViewer,
    student: UserId,
    now: DateTime<Utc>,
) -> Result<StudentDetail, ApiError> {
    let mut session = engine.db.session();
    let card = find_card(&mut session, viewer, student).await?;
    let lessons = repository::lessons(&mut *session.conn().await?, viewer, student, now).await?;
    Ok(StudentDetail {
        card,
        lessons_held: lessons.held,
        lessons_upcoming: lessons.upcoming,
        last_lesson_at: lessons.last_at,
        next_lesson_at: lessons.next_at,
    })
}

/// A student, if this member of the staff sees them; to others they do not exist.
pub(in super::super) async fn find_card(
    session: &mut DbSession,
    viewer: StudentViewer,
    student: UserId,
) -> Result<StudentCard, ApiError> {
    repository::find(&mut *session.conn().await?, viewer, student)
        .await?
        .ok_or_else(|| ApiError::not_found("student"))
}
