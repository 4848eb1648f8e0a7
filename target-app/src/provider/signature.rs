//! The signature of webhooks: `t=SECONDS,v1=HEX`, HMAC-SHA-256 over `SECONDS.BODY`.
//!
//! The time is signed with the body, so that a delivery that was recorded cannot be replayed
//! later than [`TOLERANCE`].

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use shared::hex;

/// How far the time of a signature may be from ours, in either direction.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Signatures of one header that are looked at; more than one while a secret is exchanged.
const MAX_SIGNATURES: usize = 4;
/// Bytes of HMAC-SHA-256.
const BYTES: usize = 32;

/// Signs webhooks and checks their signatures; clones share the key.
#[derive(Clone)]
pub struct WebhookKey(Arc<Hmac<Sha256>>);

impl WebhookKey {
    /// The key of a secret.
    pub fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let key = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        Self(Arc::new(key))
    }

    /// The header of a body that is sent at `now`.
    pub fn sign(&self, body: &[u8], now: DateTime<Utc>) -> String {
        let seconds = now.timestamp();
        let bytes = self.mac(seconds, body).finalize().into_bytes();
        format!("t={seconds},v1={}", hex::of(&bytes))
    }

    /// Whether a header was made for that body with this secret, not long ago.
    pub fn verify(&self, header: &str, body: &[u8], now: DateTime<Utc>) -> bool {
        let mut seconds = None;
        let mut signatures = Vec::new();
        for (name, value) in header.split(',').filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "t" => seconds = value.trim().parse::<i64>().ok(),
                "v1" => signatures.extend(unhex(value.trim())),
                // Schemes of later versions.
                _ => {}
            }
        }
        let Some(seconds) = seconds else { return false };
        let apart = now.timestamp().saturating_sub(seconds).saturating_abs();
        let is_recent = apart <= TOLERANCE.num_seconds();
        // Compares in constant time.
        let is_genuine = signatures
            .iter()
            .take(MAX_SIGNATURES)
            .any(|signature| self.mac(seconds, body).verify_slice(signature).is_ok());
        is_recent && is_genuine
    }

    fn mac(&self, seconds: i64, body: &[u8]) -> Hmac<Sha256> {
        Hmac::clone(&self.0)
            .chain_update(seconds.to_string())
            .chain_update(b".")
            .chain_update(body)
    }
}

/// The bytes of a signature in hexadecimal digits.
fn unhex(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> WebhookKey {
        WebhookKey::new(&secret.to_owned().into())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // Made with: printf '1800000000.{}' | openssl dgst -sha256 -hmac secret
        let header = key("secret").sign(b"{}", at(0));
        let (time, signature) = header.split_once(',').unwrap();
        assert_eq!(time, "t=1800000000");
        assert_eq!(signature.len(), "v1=".len() + 64);
    }

    #[test]
    fn a_signature_is_good_for_its_body_secret_and_time() {
        let header = key("secret").sign(b"{}", at(0));
        assert!(key("secret").verify(&header, b"{}", at(0)));
        assert!(key("secret").verify(&header, b"{}", at(300)));
        assert!(key("secret").verify(&header, b"{}", at(-300)));
        assert!(!key("secret").verify(&header, b"{}", at(301)));
        assert!(!key("secret").verify(&header, b"{}", at(-301)));
        assert!(!key("secret").verify(&header, b"{ }", at(0)));
        assert!(!key("other").verify(&header, b"{}", at(0)));
        // A later time does not go with the signature of an earlier one.
        let moved = header.replace("t=1800000000", "t=1800000300");
        assert!(!key("secret").verify(&moved, b"{}", at(300)));
    }

    #[test]
    fn while_a_secret_is_exchanged_one_of_two_signatures_is_enough() {
        let old = key("old").sign(b"{}", at(0));
        let new = key("new").sign(b"{}", at(0));
        let both = format!("{old},{}", new.split_once(',').unwrap().1);
        assert!(key("old").verify(&both, b"{}", at(0)));
        assert!(key("new").verify(&both, b"{}", at(0)));
    }

    #[test]
    fn what_is_no_signature_proves_nothing() {
        let seconds = at(0).timestamp();
        let many = format!("t={seconds}{}", ",v1=00".repeat(1_000));
        for header in [
            "",
            "t=",
            "v1=00",
            "t=1800000000",
            "t=1800000000,v1=",
            "t=x,v1=00",
            "t=99999999999999999999,v1=00",
            "t=-9223372036854775808,v1=00",
            many.as_str(),
        ] {
            assert!(!key("secret").verify(header, b"{}", at(0)), "{header}");
        }
    }
}
