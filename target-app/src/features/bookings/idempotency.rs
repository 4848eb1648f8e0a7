//! SQL of idempotency keys: the first request with a key claims it and, at the end of the same
//! transaction, leaves its answer; every repetition waits for that and gets the same answer.
//!
//! A refused request rolls back and with it its claim, so the key stays free for a better try.

use sha2::{Digest as _, Sha256};
use shared::{api::bookings::BookingView, ids::UserId};
use sqlx::{PgConnection, types::Json};

use crate::{db::DbError, timing};

/// What a key stands for: SHA-256 of method, path and body.
pub(super) type RequestDigest = [u8; 32];

/// Status that a claim has until its answer is known; no other transaction ever sees it.
const CLAIMED: i16 = 0;

/// An answer that was given before.
pub(super) struct Stored {
    /// Digest of the request that got it.
    pub(super) digest: Vec<u8>,
    /// The booking that it told of.
    pub(super) booking: BookingView,
}

/// The digest of a request, each part set apart from the next.
pub(super) fn digest(method: &str, path: &str, body: &[u8]) -> RequestDigest {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Claims a key for this transaction; whether it was free. Where another transaction holds the
/// key, this waits until that one has ended.
pub(super) async fn claim(
    conn: &mut PgConnection,
    user: UserId,
    key: &str,
    digest: &RequestDigest,
) -> Result<bool, DbError> {
    let query = sqlx::query(
        "insert into idempotency_key (user_id, key, digest, status, body)
         values ($1, $2, $3, $4, 'null')
         on conflict (user_id, key) do nothing",
    )
    .bind(user.0)
    .bind(key)
    .bind(digest.as_slice())
    .bind(CLAIMED);
    Ok(timing::db(query.execute(conn)).await?.rows_affected() == 1)
}

/// The answer that a key has; none if the key went away since it was seen.
pub(super) async fn find(
    conn: &mut PgConnection,
    user: UserId,
    key: &str,
) -> Result<Option<Stored>, DbError> {
    let query = sqlx::query_as::<_, (Vec<u8>, Json<BookingView>)>(
        "select digest, body
         from idempotency_key
         where user_id = $1
           and key = $2",
    )
    .bind(user.0)
    .bind(key);
    let row = timing::db(query.fetch_optional(conn)).await?;
    Ok(row.map(|(digest, Json(booking))| Stored { digest, booking }))
}

/// Leaves the answer of the transaction that claimed the key.
pub(super) async fn save(
    conn: &mut PgConnection,
    user: UserId,
    key: &str,
    status: i16,
    booking: &BookingView,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update idempotency_key
         set status = $3, body = $4
         where user_id = $1
           and key = $2",
    )
    .bind(user.0)
    .bind(key)
    .bind(status)
    .bind(Json(booking));
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
