//! Statements over accounts, credentials and refresh tokens.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use shared::{
    api::auth::{Role, UserView},
    ids::{MentorId, UserId},
};
use sqlx::{FromRow, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::model::{Account, LOCK, MAX_ATTEMPTS, StoredRefresh, role};
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

/// Which of these accounts are active.
pub(super) async fn find_active(
    conn: &mut PgConnection,
    accounts: &[UserId],
) -> Result<HashSet<UserId>, DbError> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    let found = query_scalar::<_, Uuid>("select id from app_user where id = any($1) and is_active")
        .bind(ids);
    let found = timing::db(found.fetch_all(conn)).await?;
    Ok(found.into_iter().map(UserId).collect())
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
            hash: row.hash,
        })
    }
}

/// All of an account by its `email`.
pub(super) const ACCOUNT: &str =
    "select u.id, u.email, u.display_name, u.role, u.grade, u.is_active,
            m.id as mentor_id, c.hash
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

/// Stores the first token of a family.
pub(super) async fn insert_refresh(
    conn: &mut PgConnection,
    token: &StoredRefresh,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let insert = query(
        "insert into refresh_token (digest, family, user_id, issued_at, expires_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(&token.digest[..])
    .bind(token.family)
    .bind(token.user.0)
    .bind(now)
    .bind(token.expires_at);
    timing::db(insert.execute(conn)).await?;
    Ok(())
}

/// The same after a sign-in, which also ends the count of attempts at its address.
pub(super) async fn insert_session(
    conn: &mut PgConnection,
    token: &StoredRefresh,
    now: DateTime<Utc>,
    address: [u8; 32],
) -> Result<(), DbError> {
    let insert = query(
        "with proved as (
             delete from sign_in_attempt
             where address = $6
         )
         insert into refresh_token (digest, family, user_id, issued_at, expires_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(&token.digest[..])
    .bind(token.family)
    .bind(token.user.0)
    .bind(now)
    .bind(token.expires_at)
    .bind(&address[..]);
    timing::db(insert.execute(conn)).await?;
    Ok(())
}

/// Counts an attempt at an address and returns until when the address is locked, if this attempt
/// is one too many.
///
/// One statement, so that of attempts sent at once, to any instance, exactly [`MAX_ATTEMPTS`] are
/// looked at: the last of them sets the lock, and a count above the maximum is a refusal.
pub(super) async fn count_attempt(
    conn: &mut PgConnection,
    address: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let count = query_as::<_, (i32, Option<DateTime<Utc>>)>(
        "insert into sign_in_attempt as known (address, attempts, tried_at)
         values ($1, 1, $2)
         on conflict (address) do update
         set attempts = case
                 when known.locked_until <= $2 then 1
                 else least(known.attempts, $3) + 1
             end,
             locked_until = case
                 when known.locked_until <= $2 then null
                 when known.locked_until is null and known.attempts + 1 >= $3 then $4
                 else known.locked_until
             end,
             tried_at = $2
         returning attempts, locked_until",
    )
    .bind(&address[..])
    .bind(now)
    .bind(MAX_ATTEMPTS)
    .bind(now + LOCK);
    let (attempts, locked_until) = timing::db(count.fetch_one(conn)).await?;
    Ok(locked_until.filter(|_| attempts > MAX_ATTEMPTS))
}

/// Takes back an attempt that was counted and not looked at.
pub(super) async fn uncount_attempt(
    conn: &mut PgConnection,
    address: [u8; 32],
) -> Result<(), DbError> {
    let update = query(
        "update sign_in_attempt
         set attempts = attempts - 1, locked_until = null
         where address = $1
           and attempts between 2 and $2",
    )
    .bind(&address[..])
    .bind(MAX_ATTEMPTS);
    timing::db(update.execute(conn)).await?;
    Ok(())
}

/// Replaces a hash by one of the same password under the scheme in force.
pub(super) async fn replace_hash(
    conn: &mut PgConnection,
    user: UserId,
    before: &str,
    hash: &str,
) -> Result<(), DbError> {
    let update = query(
        "update credential
         set hash = $3
         where user_id = $1
           and hash = $2",
    )
    .bind(user.0)
    .bind(before)
    .bind(hash);
    timing::db(update.execute(conn)).await?;
    Ok(())
}

/// Trades a live token for its successor in one statement and returns whose it is.
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

/// Revokes the one live token of a family, if there is one; returns whether.
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
