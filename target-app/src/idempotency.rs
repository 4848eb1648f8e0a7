//! One effect a key: a request that carries an idempotency key has its effect once, and every
//! repetition gets the stored response.
//!
//! [`guarded`] runs inside the transaction of the effect. The first request with a key claims it
//! and, in the same transaction, saves its response; every repetition waits for that
//! and gets the same response. A refused request rolls back and with it its claim, so the key
//! stays free for another attempt.
//!
//! Work that has statements of its own to claim and to save with, as a booking has, does both in them
//! and needs no more than [`replay`].

use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use shared::ids::UserId;
use sqlx::{PgConnection, types::Json};

use crate::{db::DbError, timing};

/// SHA-256 of method, path and body.
pub type RequestDigest = [u8; 32];

/// Status that a claim has until its response is known; no other transaction ever sees it.
pub const CLAIMED: i16 = 0;

/// A request that is to have one effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Keys of different users do not meet.
    pub user: UserId,
    /// As the client sent it.
    pub key: String,
    /// What the key stands for: the same key with another request is refused.
    pub digest: RequestDigest,
    /// HTTP status of the response, stored with it.
    pub status: i16,
}

/// The outcome of a guarded request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardedOutcome<T> {
    /// The work was done now.
    New(T),
    /// It was done by an earlier request with the same key: the response of that one.
    Replayed(T),
}

/// Why a key neither admits the work nor has a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefusal {
    /// It came with another request before.
    Reused,
    /// The work was done, and its response cannot be read, as where another version of the program stored it. To run
    /// the work again would be a second effect.
    Unreadable,
    /// It went away between its claim by another transaction and our look; try again.
    Lost,
}

/// Runs `work` unless the request's key has a response already; saves the response under the key.
/// Without a request there is no key, and `work` always runs.
pub async fn guarded<T, E>(
    conn: &mut PgConnection,
    request: Option<&IdempotentRequest>,
    work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send,
) -> Result<GuardedOutcome<T>, E>
where
    T: Serialize + DeserializeOwned + Send + Sync + Unpin + 'static,
    E: From<DbError> + From<KeyRefusal>,
{
    let Some(request) = request else {
        return Ok(GuardedOutcome::New(work(conn).await?));
    };
    if !claim(conn, request).await? {
        return replay(conn, request).await.map(GuardedOutcome::Replayed);
    }
    let response = work(conn).await?;
    save(conn, request, &response).await?;
    Ok(GuardedOutcome::New(response))
}

/// The digest of a request, each part set apart from the next.
pub fn digest(method: &str, path: &str, body: &[u8]) -> RequestDigest {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Claims a key for this transaction; returns whether it was free. Where another transaction
/// holds the key, this waits until that one has ended.
async fn claim(conn: &mut PgConnection, request: &IdempotentRequest) -> Result<bool, DbError> {
    let query = sqlx::query(
        "insert into idempotency_key (user_id, key, digest, status, body)
         values ($1, $2, $3, $4, 'null')
         on conflict (user_id, key) do nothing",
    )
    .bind(request.user.0)
    .bind(&request.key)
    .bind(request.digest.as_slice())
    .bind(CLAIMED);
    Ok(timing::db(query.execute(conn)).await?.rows_affected() == 1)
}

/// The response that a key has which another transaction has claimed.
///
/// It is read for the request that it answers and for no other: a key that came with another operation has
/// a response of another form.
pub async fn replay<T, E>(conn: &mut PgConnection, request: &IdempotentRequest) -> Result<T, E>
where
    T: DeserializeOwned + Send + Unpin + 'static,
    E: From<DbError> + From<KeyRefusal>,
{
    let query = sqlx::query_scalar::<_, Option<Json<T>>>(
        "select case when digest = $3 then body end
         from idempotency_key
         where user_id = $1
           and key = $2",
    )
    .bind(request.user.0)
    .bind(&request.key)
    .bind(request.digest.as_slice());
    match timing::db(query.fetch_optional(conn)).await {
        Ok(Some(Some(Json(response)))) => Ok(response),
        Ok(Some(None)) => Err(KeyRefusal::Reused.into()),
        Ok(None) => Err(KeyRefusal::Lost.into()),
        Err(sqlx::Error::ColumnDecode { source, .. }) => {
            tracing::warn!(error = %source, "the response of an idempotency key cannot be read");
            Err(KeyRefusal::Unreadable.into())
        }
        Err(error) => Err(DbError::from(error).into()),
    }
}

/// Saves the response of the transaction that claimed the key.
async fn save<T: Serialize + Sync>(
    conn: &mut PgConnection,
    request: &IdempotentRequest,
    response: &T,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update idempotency_key
         set status = $3, body = $4
         where user_id = $1
           and key = $2",
    )
    .bind(request.user.0)
    .bind(&request.key)
    .bind(request.status)
    .bind(Json(response));
    timing::db(query.execute(conn)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn a_digest_tells_requests_apart_wherever_they_differ() {
        let one = digest("POST", "/a", b"{}");
        assert_eq!(one, digest("POST", "/a", b"{}"));
        for other in [
            digest("PUT", "/a", b"{}"),
            digest("POST", "/b", b"{}"),
            digest("POST", "/a", b"{ }"),
            digest("POST/", "a", b"{}"),
        ] {
            assert_ne!(one, other);
        }
    }
}
