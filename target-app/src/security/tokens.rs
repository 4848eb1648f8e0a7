//! Tokens: short-lived access tokens, refresh tokens, and signed links.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::{api::auth::Role, ids::UserId};

use super::jwt;
use crate::chance;
use crate::clock::Clock;

/// Life of an access token in seconds: short, because it cannot be revoked.
const ACCESS_SECONDS: u64 = 15 * 60;
const ISSUER: &str = "codeconnect";

/// Why a token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not one of ours, or was altered.
    #[error("the access token is not valid")]
    Invalid,
    /// It was ours once.
    #[error("the access token has expired")]
    Expired,
}

/// The claims of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// The account that the token belongs to.
    pub user: UserId,
    /// Their role when the token was made.
    pub role: Role,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct TokenWire {
    iss: String,
    sub: UserId,
    role: Role,
    iat: i64,
    exp: i64,
}

/// Makes and checks tokens; clones share the keys.
#[derive(Clone)]
pub struct Tokens(Arc<Keys>);

struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    paths: Hmac<Sha256>,
    clock: Clock,
}

impl Tokens {
    /// Keys from one secret; a link's key is derived, so that no link can pass for a token.
    pub fn new(secret: &SecretString, clock: Clock) -> Self {
        jwt::install();
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        // Checked here against our clock, without the leeway that the crate grants.
        validation.validate_exp = false;
        let derived = keyed(secret)
            .chain_update(b"codeconnect signed path, version 1")
            .finalize()
            .into_bytes();
        Self(Arc::new(Keys {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            header: Header::new(Algorithm::HS256),
            validation,
            paths: keyed(&derived),
            clock,
        }))
    }

    /// An access token and the seconds until it expires.
    pub fn issue_access(&self, user: UserId, role: Role) -> (String, u64) {
        let iat = self.0.clock.now().timestamp();
        let claims = TokenWire {
            iss: ISSUER.to_owned(),
            sub: user,
            role,
            iat,
            exp: iat + ACCESS_SECONDS as i64,
        };
        let token = jsonwebtoken::encode(&self.0.header, &claims, &self.0.encoding)
            .expect("HMAC takes any key, and the claims are plain values");
        (token, ACCESS_SECONDS)
    }

    /// The claims of an access token, if it is ours and has not expired.
    pub fn verify_access(&self, token: &str) -> Result<Claims, TokenError> {
        let wire = jsonwebtoken::decode::<TokenWire>(token, &self.0.decoding, &self.0.validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        let expires_at = DateTime::from_timestamp(wire.exp, 0).ok_or(TokenError::Invalid)?;
        if expires_at <= self.0.clock.now() {
            return Err(TokenError::Expired);
        }
        Ok(Claims {
            user: wire.sub,
            role: wire.role,
            expires_at,
        })
    }

    /// A refresh token of 256 random bits, and the digest that is stored in its place.
    pub fn new_refresh() -> (SecretString, [u8; 32]) {
        let mut bits = [0_u8; 32];
        chance::rng().fill_bytes(&mut bits);
        let token = URL_SAFE_NO_PAD.encode(bits);
        let digest = Self::refresh_digest(&token);
        (token.into(), digest)
    }

    /// What a refresh token is stored as.
    pub fn refresh_digest(token: &str) -> [u8; 32] {
        Sha256::digest(token.as_bytes()).into()
    }

    /// Signs `path` until `expires`, in Unix seconds.
    pub fn sign_path(&self, path: &str, expires: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.path_mac(path, expires).finalize().into_bytes())
    }

    /// Whether `signature` was made for that path and instant, and the instant is not past.
    pub fn check_path(&self, path: &str, expires: i64, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        // Compares in constant time.
        let genuine = self
            .path_mac(path, expires)
            .verify_slice(&signature)
            .is_ok();
        genuine && expires > self.0.clock.now().timestamp()
    }

    fn path_mac(&self, path: &str, expires: i64) -> Hmac<Sha256> {
        self.0
            .paths
            .clone()
            .chain_update(expires.to_be_bytes())
            .chain_update(path.as_bytes())
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const ANN: UserId = UserId(uuid::Uuid::from_u128(7));

    fn tokens() -> (Tokens, Clock) {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let secret = "a secret of at least thirty-two bytes".to_owned().into();
        (Tokens::new(&secret, clock.clone()), clock)
    }

    #[test]
    fn an_access_token_reads_back_until_the_second_it_expires() {
        let (tokens, clock) = tokens();
        let (token, seconds) = tokens.issue_access(ANN, Role::Mentor);
        let claims = tokens.verify_access(&token).unwrap();
        assert_eq!((claims.user, claims.role), (ANN, Role::Mentor));
        assert_eq!(
            claims.expires_at.timestamp(),
            1_800_000_000 + seconds as i64
        );
        clock.advance(TimeDelta::seconds(seconds as i64 - 1));
        assert!(tokens.verify_access(&token).is_ok());
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(tokens.verify_access(&token), Err(TokenError::Expired));
    }

    #[test]
    fn an_altered_or_foreign_token_proves_nothing() {
        let (tokens, clock) = tokens();
        let (token, _) = tokens.issue_access(ANN, Role::Student);
        let parts: Vec<_> = token.split('.').collect();
        let admin = URL_SAFE_NO_PAD.encode(
            String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap())
                .unwrap()
                .replace("student", "admin"),
        );
        let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
        let hs512 = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS512"}"#);
        let other = Tokens::new(&"another secret".to_owned().into(), clock);
        for forged in [
            format!("{}.{admin}.{}", parts[0], parts[2]),
            format!("{none}.{}.", parts[1]),
            format!("{hs512}.{}.{}", parts[1], parts[2]),
            other.issue_access(ANN, Role::Student).0,
            token[..token.len() - 1].to_owned(),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            assert_eq!(
                tokens.verify_access(&forged),
                Err(TokenError::Invalid),
                "{forged}"
            );
        }
    }

    #[test]
    fn refresh_tokens_differ_and_are_stored_as_digests() {
        let (first, digest) = Tokens::new_refresh();
        let (second, _) = Tokens::new_refresh();
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert_eq!(first.expose_secret().len(), 43);
        assert_eq!(Tokens::refresh_digest(first.expose_secret()), digest);
    }

    #[test]
    fn a_signed_link_is_good_for_its_path_and_time_only() {
        let (tokens, clock) = tokens();
        let until = clock.now().timestamp() + 60;
        let signature = tokens.sign_path("/a", until);
        assert!(tokens.check_path("/a", until, &signature));
        assert!(!tokens.check_path("/b", until, &signature));
        assert!(!tokens.check_path("/a", until + 1, &signature));
        assert!(!tokens.check_path("/a", until, &signature[1..]));
        assert!(!tokens.check_path("/a", until, "no base64!"));
        clock.advance(TimeDelta::seconds(60));
        assert!(!tokens.check_path("/a", until, &signature));
    }
}
