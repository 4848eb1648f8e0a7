//! The rules of signing in and staying signed in.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use shared::{
    api::auth::{Role, Session, TokenPair, UserView},
    ids::{MentorId, UserId},
    problem::Code,
    profile::LoginQueries,
};
use uuid::Uuid;

use super::{
    cached,
    client_limit::TakenPlace,
    model::{Account, Attempt, REFRESH_LIFETIME, Registration, StoredRefresh, seconds_until},
    repository,
};
use crate::{
    cache::Group,
    db::{Db, DbError, DbSession, Retry, transaction},
    engine::Engine,
    error::ApiError,
    registry::OnRegistered,
    security::Tokens,
    state::AppState,
    timing,
};

/// Most rotations that revoking a family runs after; each of them needs a refresh in between.
const MAX_CHASE: usize = 16;

/// Creates an account and signs it in. Its place stays taken once a hash was made.
pub(super) async fn register(
    state: &AppState,
    engine: Arc<Engine>,
    place: TakenPlace,
    new: Registration,
) -> Result<Session, ApiError> {
    let password = new.password.clone();
    let hash = engine.hasher.hash_then(password, || place.keep()).await?;
    let now = state.clock().now();
    let id = UserId(Uuid::now_v7());
    let account = Account {
        id,
        email: new.email,
        display_name: new.display_name,
        role: new.role,
        grade: None,
        is_active: true,
        mentor_id: (new.role == Role::Mentor).then(|| MentorId(Uuid::now_v7())),
        hash,
    };
    let view = account.view();
    let (secret, digest) = Tokens::new_refresh();
    let token = StoredRefresh {
        digest,
        family: Uuid::now_v7(),
        user: id,
        expires_at: now + REFRESH_LIFETIME,
    };
    let others = state.features().on_registered.clone();
    // With the engine in it: whoever closes one waits for its holders, also for those whose client has gone.
    timing::shielded(async move {
        let mut groups = insert(&engine.db, others, account, token, now).await?;
        groups.push(cached::group(id));
        // There may have been requests for them before they were there.
        engine.caches.created(&groups).await;
        Ok::<_, ApiError>(())
    })
    .await?;
    Ok(Session {
        tokens: pair(state, id, view.role, &secret),
        user: view,
    })
}

/// The one transaction of a registration: the account, and what other features have to add to
/// it. Returns the groups of cached absences that these ended.
async fn insert(
    db: &Db,
    others: Vec<OnRegistered>,
    account: Account,
    token: StoredRefresh,
    now: DateTime<Utc>,
) -> Result<Vec<Group>, ApiError> {
    let view = account.view();
    let rows = Arc::new((account, token, view, others));
    transaction(db, Retry::Never, move |conn| {
        let rows = Arc::clone(&rows);
        Box::pin(async move {
            let (account, token, view, others) = &*rows;
            repository::insert_user(
                &mut *conn,
                account.id,
                &account.email,
                &account.display_name,
                account.role,
            )
            .await
            .map_err(|error| {
                if error.is_constraint("app_user_email_key") {
                    ApiError::new(Code::EmailTaken, "sign in, or use another address")
                } else {
                    error.into()
                }
            })?;
            repository::insert_credential(&mut *conn, account.id, &account.hash).await?;
            let mut groups = Vec::new();
            for add in others {
                groups.extend(add(&mut *conn, view).await?);
            }
            repository::insert_refresh(conn, token, now).await?;
            Ok::<_, ApiError>(groups)
        })
    })
    .await
}

/// Trades e-mail and password for tokens.
///
/// The attempt is counted before the password is looked at. An address without an account goes
/// through the same statements and the same hash as one with an account, so that neither answer nor
/// time distinguishes them; but for an account whose hash is [outdated](crate::security::Hasher::is_outdated).
pub(super) async fn login(
    state: &AppState,
    engine: &Engine,
    place: TakenPlace,
    attempt: Attempt,
) -> Result<Session, ApiError> {
    let now = state.clock().now();
    let address: [u8; 32] = Sha256::digest(attempt.email.as_bytes()).into();
    let account = {
        let mut session = engine.db.session();
        let mut conn = session.write().await?;
        let locked = repository::count_attempt(&mut conn, address, now).await?;
        conn.commit().await?;
        if let Some(until) = locked {
            return Err(too_many(seconds_until(until, now)));
        }
        find(engine, &mut session, &attempt.email).await?
    };

    // No connection is held meanwhile: hashing takes longer than everything else together.
    let password = attempt.password.clone();
    let (stored, may_sign_in) = match &account {
        Some(account) => (account.hash.clone(), account.is_active),
        None => (engine.hasher.dummy(), false),
    };
    let judge = move |right: bool| {
        if !(right && may_sign_in) {
            place.keep();
        }
    };
    let outcome = engine.hasher.verify_then(password, stored, judge).await;
    let mut session = engine.db.session();
    let right = match outcome {
        Ok(right) => right,
        Err(failure) => {
            let mut conn = session.write().await?;
            repository::uncount_attempt(&mut conn, address).await?;
            conn.commit().await?;
            return Err(failure.into());
        }
    };
    let Some(account) = account.filter(|account| right && account.is_active) else {
        return Err(ApiError::new(
            Code::BadCredentials,
            "check both and try again",
        ));
    };
    if engine.hasher.is_outdated(&account.hash)
        // Without a thread to hash on, the next sign-in tries again.
        && let Ok(hash) = engine.hasher.hash(attempt.password).await
    {
        let mut conn = session.write().await?;
        repository::replace_hash(&mut conn, account.id, &account.hash, &hash).await?;
        conn.commit().await?;
    }
    let now = state.clock().now();
    let (secret, digest) = Tokens::new_refresh();
    let token = StoredRefresh {
        digest,
        family: Uuid::now_v7(),
        user: account.id,
        expires_at: now + REFRESH_LIFETIME,
    };
    let mut conn = session.write().await?;
    repository::insert_session(&mut conn, &token, now, address).await?;
    conn.commit().await?;
    Ok(Session {
        user: account.view(),
        tokens: pair(state, account.id, account.role, &secret),
    })
}

/// Trades a refresh token for new tokens, once.
///
/// A token that is used a second time is in two hands: the whole family is revoked.
pub(super) async fn refresh(
    state: &AppState,
    engine: &Engine,
    token: &str,
) -> Result<TokenPair, ApiError> {
    let now = state.clock().now();
    let digest = Tokens::refresh_digest(token);
    let (secret, next) = Tokens::new_refresh();
    let mut session = engine.db.session();
    let expires_at = now + REFRESH_LIFETIME;
    let rotated = {
        let mut conn = session.write().await?;
        let rotated = repository::rotate(&mut conn, digest, next, now, expires_at).await?;
        conn.commit().await?;
        rotated
    };
    if let Some((user, role)) = rotated {
        return Ok(pair(state, user, role, &secret));
    }
    let known = repository::find_family(&mut *session.conn().await?, digest).await?;
    drop(session);
    match known {
        Some((family, true)) => {
            revoke(state, engine, family).await?;
            Err(ApiError::new(
                Code::RefreshReused,
                "every token of that sign-in is revoked: sign in again",
            ))
        }
        _ => Err(ApiError::new(
            Code::Unauthenticated,
            "the refresh token is unknown, expired or revoked: sign in again",
        )),
    }
}

/// The signed-in account.
pub(super) async fn me(engine: &Engine, id: UserId) -> Result<UserView, ApiError> {
    let (view, age) = cached::user_view(engine, id).await?;
    if let Some(age) = age {
        timing::body_age(age);
    }
    view.ok_or_else(|| ApiError::new(Code::Unauthenticated, "the account does not exist any more"))
}

/// Those of these accounts that are not active any more. What is cached of them is invalidated: their next
/// request is refused, also where it asks for a socket in place of one that was closed.
pub(super) async fn inactive(engine: &Engine, accounts: &[UserId]) -> Result<Vec<UserId>, DbError> {
    let mut session = engine.db.session();
    let active = repository::find_active(&mut *session.conn().await?, accounts).await?;
    drop(session);
    let mut inactive = accounts.to_vec();
    inactive.retain(|account| !active.contains(account));
    let groups: Vec<Group> = inactive.iter().copied().map(cached::group).collect();
    engine.caches.invalidate(&groups).await;
    Ok(inactive)
}

/// Ends the sign-in that a refresh token belongs to; an unknown token has nothing to end.
pub(super) async fn logout(state: &AppState, engine: &Engine, token: &str) -> Result<(), ApiError> {
    let digest = Tokens::refresh_digest(token);
    let mut session = engine.db.session();
    let known = repository::find_family(&mut *session.conn().await?, digest).await?;
    drop(session);
    match known {
        Some((family, _)) => revoke(state, engine, family).await,
        None => Ok(()),
    }
}

/// Stands for the account that an address does not have; no row has this id.
const NO_USER: UserId = UserId(Uuid::nil());

async fn find(
    engine: &Engine,
    session: &mut DbSession,
    email: &str,
) -> Result<Option<Account>, ApiError> {
    match engine.policies.login.queries {
        LoginQueries::Joined => {
            Ok(repository::find_account(&mut *session.conn().await?, email).await?)
        }
        LoginQueries::Sequential => {
            let user = repository::find_user(&mut *session.conn().await?, email).await?;
            // The other statements are sent without an account, too: see `login`.
            let id = user.as_ref().map_or(NO_USER, |user| UserId(user.id));
            let hash = repository::find_hash(&mut *session.conn().await?, id).await?;
            let grade = repository::find_grade(&mut *session.conn().await?, id).await?;
            let mentor_id = repository::find_mentor(&mut *session.conn().await?, id).await?;
            let (Some(user), Some(hash)) = (user, hash) else {
                return Ok(None);
            };
            Ok(Some(Account {
                id,
                role: user.role()?,
                email: user.email,
                display_name: user.display_name,
                grade,
                is_active: user.is_active,
                mentor_id,
                hash,
            }))
        }
    }
}

/// Revokes the live token of a family, running after rotations that happen meanwhile.
async fn revoke(state: &AppState, engine: &Engine, family: Uuid) -> Result<(), ApiError> {
    let now = state.clock().now();
    let mut session = engine.db.session();
    for _ in 0..MAX_CHASE {
        let revoked = {
            let mut conn = session.write().await?;
            let revoked = repository::revoke_live(&mut conn, family, now).await?;
            conn.commit().await?;
            revoked
        };
        if revoked {
            return Ok(());
        }
        if !repository::has_live(&mut *session.conn().await?, family).await? {
            return Ok(());
        }
    }
    Err(ApiError::new(
        Code::Contention,
        "the token is being refreshed all the time",
    ))
}

fn pair(state: &AppState, user: UserId, role: Role, refresh: &SecretString) -> TokenPair {
    let (access_token, expires_in) = state.tokens().issue_access(user, role);
    TokenPair {
        access_token,
        expires_in,
        refresh_token: refresh.expose_secret().to_owned(),
    }
}

fn too_many(seconds: u64) -> ApiError {
    ApiError::new(
        Code::TooManyAttempts,
        "too many failed attempts in a row at this address",
    )
    .retry_after(seconds)
}
