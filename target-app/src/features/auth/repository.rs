//! Statements over accounts, credentials and refresh tokens.

use chrono::{DateTime, Utc};
use shared::{
    api::auth::{Role, UserView},
    ids::{MentorId, UserId},
};
use sqlx::{FromRow, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::model::{Account, Credential, MAX_FAILURES, StoredRefresh, role};
use crate::{db::DbError, timing};

/// The active account of an id, as its owner sees it.
pub(super) async fn find_view(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<UserView>, DbError> {
    let found = query_as::<_, UserViewRow>(
        "select u.id, u.email, u.display_name, u.role, u.grade, m.id as mentor_id
             from app_user u
             left join mentor m on m.user_id = u.id
             where u.id = $1 and u.is_active",
    )
    .bind(id.0);
    let row = timing::db(found.fetch_optional(conn)).await?;
    row.map(UserView::try_from).transpose()
}

#[derive(FromRow)]
struct UserViewRow {
    id: Uuid,
    email: String,
    display_name: String,
    role: String,
    grade: Option<i16>,
    mentor_id: Option<Uuid>,
}

impl TryFrom<UserViewRow> for UserView {
    type Error = DbError;

    fn try_from(row: UserViewRow) -> Result<Self, DbError> {
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

/// One `app_user`, as far as login asks.
#[derive(FromRow)]
pub(super) struct UserRow {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) display_name: String,
    role: String,
    pub(super) is_active: bool,
}

impl UserRow {
    pub(super) fn role(&self) -> Result<Role, DbError> {
        role(&self.role)
    }
}

/// An account by its `email`.
pub(super) const USER: &str = "select id, email, display_name, role, is_active
     from app_user
     where email = $1";

/// The account of an e-mail, without what other tables say about it.
pub(super) async fn find_user(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<UserRow>, DbError> {
    let found = query_as(USER).bind(email);
    Ok(timing::db(found.fetch_optional(conn)).await?)
}

/// A hash by its `user`.
pub(super) const HASH: &str = "select hash from credential where user_id = $1";

/// The hash of an account's password.
pub(super) async fn find_hash(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<String>, DbError> {
    let found = query_scalar(HASH).bind(user.0);
    Ok(timing::db(found.fetch_optional(conn)).await?)
}

/// A grade by its `user`.
pub(super) const GRADE: &str = "select grade from app_user where id = $1";

/// A student's grade.
pub(super) async fn find_grade(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<i16>, DbError> {
    let found = query_scalar(GRADE).bind(user.0);
    Ok(timing::db(found.fetch_optional(conn)).await?.flatten())
}

/// A mentor profile by its `user`.
pub(super) const MENTOR: &str = "select id from mentor where user_id = $1";

/// The mentor profile of an account.
pub(super) async fn find_mentor(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<MentorId>, DbError> {
    let found = query_scalar(MENTOR).bind(user.0);
    Ok(timing::db(found.fetch_optional(conn)).await?.map(MentorId))
}

/// A lock by its `user`.
pub(super) const LOCK: &str = "select failed_count, locked_until
     from credential
     where user_id = $1";

/// Failures since the last success, and until when the account is locked.
pub(super) async fn find_lock(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<(i32, Option<DateTime<Utc>>)>, DbError> {
    let found = query_as(LOCK).bind(user.0);
    Ok(timing::db(found.fetch_optional(conn)).await?)
}

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    email: String,
    display_name: String,
    role: String,
    grade: Option<i16>,
    is_active: bool,
    mentor_id: Option<Uuid>,
    hash: String,
    failed_count: i32,
    locked_until: Option<DateTime<Utc>>,
}

impl TryFrom<AccountRow> for Account {
    type Error = DbError;

    fn try_from(row: AccountRow) -> Result<Self, DbError> {
        Ok(Self {
            id: UserId(row.id),
            email: row.email,
            display_name: row.display_name,
            role: role(&row.role)?,
            grade: row.grade,
            is_active: row.is_active,
            mentor_id: row.mentor_id.map(MentorId),
            credential: Credential {
                hash: row.hash,
                failed_count: row.failed_count,
                locked_until: row.locked_until,
            },
        })
    }
}

/// All of an account by its `email`.
pub(super) const ACCOUNT: &str =
    "select u.id, u.email, u.display_name, u.role, u.grade, u.is_active,
            m.id as mentor_id, c.hash, c.failed_count, c.locked_until
     from app_user u
     join credential c on c.user_id = u.id
     left join mentor m on m.user_id = u.id
     where u.email = $1";

/// Everything that login asks of an account, in one statement.
pub(super) async fn find_account(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<Account>, DbError> {
    let found = query_as::<_, AccountRow>(ACCOUNT).bind(email);
    let row = timing::db(found.fetch_optional(conn)).await?;
    row.map(Account::try_from).transpose()
}

/// A new account without what depends on it. Breaks `app_user_email_key` if the e-mail has one.
pub(super) async fn insert_user(
    conn: &mut PgConnection,
    id: UserId,
    email: &str,
    display_name: &str,
    role: Role,
) -> Result<(), DbError> {
    let insert = query(
        "insert into app_user (id, email, display_name, role)
         values ($1, $2, $3, $4)",
    )
    .bind(id.0)
    .bind(email)
    .bind(display_name)
    .bind(role.as_str());
    timing::db(insert.execute(conn)).await?;
    Ok(())
}

/// The password of a new account.
pub(super) async fn insert_credential(
    conn: &mut PgConnection,
    user: UserId,
    hash: &str,
) -> Result<(), DbError> {
    let insert = query("insert into credential (user_id, hash) values ($1, $2)")
        .bind(user.0)
        .bind(hash);
    timing::db(insert.execute(conn)).await?;
    Ok(())
}

/// Stores the first token of a family, unless the account became locked meanwhile; tells whether.
///
/// Guesses that were under way when the lock fell are thereby worth nothing.
pub(super) async fn insert_refresh(
    conn: &mut PgConnection,
    token: &StoredRefresh,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let insert = query(
        "insert into refresh_token (digest, family, user_id, issued_at, expires_at)
         select $1, $2, user_id, $5, $4
         from credential
         where user_id = $3
           and (locked_until is null or locked_until <= $5)",
    )
    .bind(&token.digest[..])
    .bind(token.family)
    .bind(token.user.0)
    .bind(token.expires_at)
    .bind(now);
    Ok(timing::db(insert.execute(conn)).await?.rows_affected() == 1)
}

/// Counts a failure; every fifth in a row locks the account until `lock_until`.
pub(super) async fn record_failure(
    conn: &mut PgConnection,
    user: UserId,
    lock_until: DateTime<Utc>,
) -> Result<(), DbError> {
    let update = query(
        "update credential
         set failed_count = failed_count + 1,
             locked_until = case when (failed_count + 1) % $2 = 0 then $3 else locked_until end
         where user_id = $1",
    )
    .bind(user.0)
    .bind(MAX_FAILURES)
    .bind(lock_until);
    timing::db(update.execute(conn)).await?;
    Ok(())
}

/// Forgets the failures of an account that has now proved itself.
pub(super) async fn forget_failures(conn: &mut PgConnection, user: UserId) -> Result<(), DbError> {
    let update = query(
        "update credential
         set failed_count = 0, locked_until = null
         where user_id = $1",
    )
    .bind(user.0);
    timing::db(update.execute(conn)).await?;
    Ok(())
}

/// Trades a live token for its successor in one statement and tells whose it is.
///
/// Of two that trade the same token at once, the second waits for the first one's row, finds it
/// used and gets `None`.
pub(super) async fn rotate(
    conn: &mut PgConnection,
    digest: [u8; 32],
    next: [u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Option<(UserId, Role)>, DbError> {
    let rotated = query_as::<_, (Uuid, String)>(
        "with used as (
             update refresh_token t
             set used_at = $3
             from app_user u
             where t.digest = $1
               and t.used_at is null
               and t.revoked_at is null
               and t.expires_at > $3
               and u.id = t.user_id
               and u.is_active
             returning t.family, t.user_id, u.role
         ), successor as (
             insert into refresh_token (digest, family, user_id, issued_at, expires_at)
             select $2, family, user_id, $3, $4
             from used
         )
         select user_id, role from used",
    )
    .bind(digest.to_vec())
    .bind(next.to_vec())
    .bind(now)
    .bind(expires_at);
    let row = timing::db(rotated.fetch_optional(conn)).await?;
    row.map(|(user, word)| Ok((UserId(user), role(&word)?)))
        .transpose()
}

/// The family of a token, and whether the token was traded before.
pub(super) async fn find_family(
    conn: &mut PgConnection,
    digest: [u8; 32],
) -> Result<Option<(Uuid, bool)>, DbError> {
    let found = query_as(
        "select family, used_at is not null
         from refresh_token
         where digest = $1",
    )
    .bind(digest.to_vec());
    Ok(timing::db(found.fetch_optional(conn)).await?)
}

/// Revokes the one live token of a family, if there is one; tells whether.
///
/// `false` may also mean that the token was traded while the statement waited for its row.
pub(super) async fn revoke_live(
    conn: &mut PgConnection,
    family: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let update = query(
        "update refresh_token
         set revoked_at = $2
         where family = $1
           and used_at is null
           and revoked_at is null",
    )
    .bind(family)
    .bind(now);
    Ok(timing::db(update.execute(conn)).await?.rows_affected() > 0)
}

/// Whether a family has a token that still works.
pub(super) async fn has_live(conn: &mut PgConnection, family: Uuid) -> Result<bool, DbError> {
    let found = query_scalar(
        "select exists (
             select
             from refresh_token
             where family = $1
               and used_at is null
               and revoked_at is null
         )",
    )
    .bind(family);
    Ok(timing::db(found.fetch_one(conn)).await?)
}
