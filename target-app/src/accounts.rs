//! Who an account is: the look-up behind every signed-in request, cached as `cache.users` says.

use std::time::Duration;

use bytes::Bytes;
use shared::{
    api::auth::{Role, UserView},
    ids::{MentorId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    cache::{Key, keys},
    db::{Db, DbError},
    engine::Engine,
    error::ApiError,
    timing,
};

/// The active account of that id, as its owner sees it.
pub async fn user_view(engine: &Engine, id: UserId) -> Result<Option<UserView>, ApiError> {
    Ok(look_up(engine, id).await?.0)
}

/// The same as the body of an answer, whose age is noted.
pub async fn own_view(engine: &Engine, id: UserId) -> Result<Option<UserView>, ApiError> {
    let (view, age) = look_up(engine, id).await?;
    if let Some(age) = age {
        timing::body_age(age);
    }
    Ok(view)
}

async fn look_up(
    engine: &Engine,
    id: UserId,
) -> Result<(Option<UserView>, Option<Duration>), ApiError> {
    let db = engine.db.clone();
    let fill = move || async move { load(&db, id).await };
    let read = engine.caches.read_through(keys::user(id), fill).await?;
    if read.bytes.is_empty() {
        return Ok((None, read.age));
    }
    let view = serde_json::from_slice(&read.bytes).map_err(ApiError::internal)?;
    Ok((Some(view), read.age))
}

/// The account as the cache keeps it: JSON, or no bytes where there is none.
async fn load(db: &Db, id: UserId) -> Result<Bytes, ApiError> {
    let mut session = db.session();
    match find(&mut *session.conn().await?, id).await? {
        Some(view) => serde_json::to_vec(&view)
            .map(Bytes::from)
            .map_err(ApiError::internal),
        None => Ok(Bytes::new()),
    }
}

/// What the database says now to what was cached under `key`; `None` where there is nothing.
/// For the audit, which asks past the cache.
pub async fn reload(engine: &Engine, key: &Key) -> Result<Option<Bytes>, ApiError> {
    let user = key.group.parse().map_err(ApiError::internal)?;
    let bytes = load(&engine.db, UserId(user)).await?;
    Ok((!bytes.is_empty()).then_some(bytes))
}

/// The active account of that id.
pub async fn find(conn: &mut PgConnection, id: UserId) -> Result<Option<UserView>, DbError> {
    let row = timing::db(
        sqlx::query_as::<_, Row>(
            "select u.id, u.email, u.display_name, u.role, u.grade, m.id as mentor_id
             from app_user u
             left join mentor m on m.user_id = u.id
             where u.id = $1 and u.is_active",
        )
        .bind(id.0)
        .fetch_optional(conn),
    )
    .await?;
    row.map(UserView::try_from).transpose()
}

/// The role that a stored word stands for.
pub fn role(word: &str) -> Result<Role, DbError> {
    [Role::Student, Role::Mentor, Role::Parent, Role::Admin]
        .into_iter()
        .find(|role| role.as_str() == word)
        .ok_or_else(|| DbError::Other(sqlx::Error::Decode(format!("no role `{word}`").into())))
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    display_name: String,
    role: String,
    grade: Option<i16>,
    mentor_id: Option<Uuid>,
}

impl TryFrom<Row> for UserView {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            id: UserId(row.id),
            email: row.email,
            display_name: row.display_name,
            role: role(&row.role)?,
            mentor_id: row.mentor_id.map(MentorId),
            grade: row.grade,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_from_the_word_it_is_stored_as() {
        for wanted in [Role::Student, Role::Mentor, Role::Parent, Role::Admin] {
            assert_eq!(role(wanted.as_str()).unwrap(), wanted);
        }
        assert!(role("owner").is_err());
    }
}
