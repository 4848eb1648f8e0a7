//! A value that is never shown.

use std::{convert::Infallible, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use crate::chance;

/// Shortest secret of tokens or webhooks on such an address: as long as the hash it keys (RFC 7518, 3.2).
pub(super) const SECRET_BYTES: usize = 32;

/// A password, a token, or an address that may hold one.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The value itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value, still wrapped, for those who keep it.
    pub fn into_inner(self) -> SecretString {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[not shown]")
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned().into()))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// A secret that is there; the empty one that `NAME=` in the environment leaves is none.
pub(super) fn given(secret: Option<&Secret>) -> Option<Secret> {
    secret.filter(|secret| !secret.expose().is_empty()).cloned()
}

/// A secret that no other process has.
pub(super) fn random_secret() -> SecretString {
    let mut bytes = [0_u8; 32];
    chance::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}
