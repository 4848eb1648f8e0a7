//! Who an account is: the look-up behind every signed-in request, cached as `cache.users` says.

use bytes::Bytes;
use shared::{
    api::auth::{Role, UserView},
    ids::{MentorId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{cache::keys, db::DbError, engine::Engine, error::ApiError, timing};

/// The active account of that id, as its owner sees it.
pub async fn user_view(engine: &Engine, id: UserId) -> Result<Option<UserView>, ApiError> {
    let db = engine.db.clone();
    let load = move || async move {
        let mut session = db.session();
        let view = find(&mut *session.conn().await?, id).await?;
        serde_json::to_vec(&view)
            .map(Bytes::from)
            .map_err(ApiError::internal)
    };
    let bytes = engine.caches.read_through(keys::user(id), load).await?;
    serde_json::from_slice(&bytes).map_err(ApiError::internal)
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
