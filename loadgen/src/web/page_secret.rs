//! The secret of a page that other machines reach.

use std::{fmt, net::IpAddr, str::FromStr};

/// Fewest characters of a secret.
const MIN_CHARS: usize = 16;

/// What opens the page; never shown, and never part of the page.
#[derive(Clone, PartialEq, Eq)]
pub struct PageSecret(String);

/// A text that is no secret of a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a page secret has at least {MIN_CHARS} letters, digits, hyphens or underscores")]
pub struct BadPageSecret;

impl PageSecret {
    /// The secret itself.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for PageSecret {
    type Err = BadPageSecret;

    fn from_str(text: &str) -> Result<Self, BadPageSecret> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.len() >= MIN_CHARS && text.bytes().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadPageSecret)
        }
    }
}

impl fmt::Debug for PageSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[not shown]")
    }
}

/// Whether a page on that address wants a secret: other machines reach it.
pub(super) fn is_wanted(address: IpAddr) -> bool {
    !address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_fits_into_a_url_and_is_not_shown() {
        let secret: PageSecret = "0123456789abcdef".parse().unwrap();
        assert!(!format!("{secret:?}").contains("0123"));
        for bad in ["", "short", "0123456789abcde", "0123456789abcdef&"] {
            assert!(bad.parse::<PageSecret>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_loopback_addresses_need_none() {
        for (address, wanted) in [
            ("127.0.0.1", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("0.0.0.0", true),
            ("::", true),
            ("192.0.2.1", true),
        ] {
            assert_eq!(is_wanted(address.parse().unwrap()), wanted, "{address}");
        }
    }
}
