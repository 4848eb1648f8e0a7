//! Reading one's notifications, and marking them read. Other people's do not exist.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::notifications::{MarkedRead, NotificationView, UnreadCount},
    ids::{NotificationId, UserId},
    page::Page,
};

use super::repository;
use crate::{
    db::{self, Retry},
    engine::Engine,
    error::ApiError,
    paging::PageNumber,
    timing,
};

/// Times that a mark is made again after it lost against another.
const RETRIES: Retry = Retry::Serialization(8);

/// A page of a person's notifications.
pub(super) async fn list(
    engine: &Engine,
    user: UserId,
    unread: bool,
    part: PageNumber,
) -> Result<Page<NotificationView>, ApiError> {
    let mut session = engine.db.reader();
    let items = repository::list(&mut *session.conn().await?, user, unread, part).await?;
    let total = repository::count(&mut *session.conn().await?, user, unread).await?;
    Ok(part.with(items, total))
}

/// How many of a person's notifications are unread.
pub(super) async fn unread(engine: &Engine, user: UserId) -> Result<UnreadCount, ApiError> {
    let mut session = engine.db.reader();
    let unread = repository::count_unread(&mut *session.conn().await?, user).await?;
    Ok(UnreadCount { unread })
}

/// Marks one notification of a person read.
pub(super) async fn read(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    user: UserId,
    id: NotificationId,
) -> Result<NotificationView, ApiError> {
    timing::shielded(async move {
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            async move { repository::mark_read(conn, user, id, now).await }.boxed()
        });
        work.await?
            .ok_or_else(|| ApiError::not_found("notification"))
    })
    .await
}

/// Marks all notifications of a person read.
pub(super) async fn read_all(
    engine: Arc<Engine>,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<MarkedRead, ApiError> {
    timing::shielded(async move {
        let work = db::transaction(&engine.db, RETRIES, move |conn| {
            async move { repository::mark_all_read(conn, user, now).await }.boxed()
        });
        Ok(MarkedRead {
            marked: work.await?,
        })
    })
    .await
}
