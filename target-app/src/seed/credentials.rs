//! Everybody's password, hashed as the switch says.
//!
//! All seeded accounts share one password and one hash: twenty thousand salted hashes would
//! take half an hour and measure nothing more.

use std::sync::Arc;

use secrecy::SecretString;
use shared::{
    dataset::PASSWORD,
    profile::{HashScheme, Placement},
};
use sqlx::PgPool;

use crate::{
    db::DbError,
    security::{HashError, Hasher, hash_prefix},
};

/// Why the seeded credentials could not be matched to the switch.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The password could not be hashed.
    #[error("failed to hash the seeded password")]
    Hash(#[from] HashError),
    /// The credentials could not be read or written.
    #[error("failed to update the seeded credentials")]
    Db(#[from] DbError),
}

/// Makes the seeded credentials carry a hash of the scheme, so that the cost of a sign-in
/// follows `auth.hash`; answers how many it changed, none where they did already.
pub async fn match_scheme(pool: &PgPool, scheme: HashScheme) -> Result<u64, CredentialError> {
    if !are_stale(pool, scheme).await? {
        return Ok(0);
    }
    let hash = hash_password(scheme).await?;
    let changed = sqlx::query(
        "update credential
         set hash = $1
         from app_user
         where app_user.id = credential.user_id
         and app_user.seeded
         and not starts_with(credential.hash, $2)",
    )
    .bind(hash)
    .bind(hash_prefix(scheme))
    .execute(pool)
    .await
    .map_err(DbError::from)?;
    Ok(changed.rows_affected())
}

/// Whether a seeded credential carries a hash of another scheme.
pub async fn are_stale(pool: &PgPool, scheme: HashScheme) -> Result<bool, DbError> {
    let stale = sqlx::query_scalar::<_, bool>(
        "select exists (
             select
             from credential
             join app_user on app_user.id = credential.user_id
             where app_user.seeded
             and not starts_with(credential.hash, $1)
         )",
    )
    .bind(hash_prefix(scheme))
    .fetch_one(pool)
    .await?;
    Ok(stale)
}

/// One hash of the seeded password.
pub(super) async fn hash_password(scheme: HashScheme) -> Result<String, HashError> {
    Hasher::new(scheme, Placement::Blocking, Arc::default())
        .await?
        .hash(SecretString::from(PASSWORD))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_of_a_scheme_starts_with_its_prefix_and_no_other() {
        let schemes = [
            "bcrypt(4)",
            "bcrypt(5)",
            "argon2id(1024,1,1)",
            "argon2id(1024,2,1)",
        ];
        for text in schemes {
            let hash = hash_password(text.parse().unwrap()).await.unwrap();
            for other in schemes {
                let matches = hash.starts_with(&hash_prefix(other.parse().unwrap()));
                assert_eq!(matches, other == text, "{hash} and {other}");
            }
        }
    }
}
