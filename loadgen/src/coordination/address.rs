//! Where the Redis is over which coordinator and workers meet.

use std::{fmt, str::FromStr};

use deadpool_redis::redis::{Client, IntoConnectionInfo as _};
use shared::address;

/// The address of a Redis: `redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]`. Prints without user and
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress {
    url: String,
    shown: String,
}

impl RedisAddress {
    /// A client, which connects when it is used.
    pub(super) fn client(&self) -> Result<Client, deadpool_redis::redis::RedisError> {
        Client::open(self.url.as_str())
    }
}

impl FromStr for RedisAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        address::redis(text)?;
        // The URL is not repeated: it may hold a password.
        let wrong =
            || "not the address of a Redis: write one like redis://127.0.0.1:6379/0".to_owned();
        if !text.starts_with("redis://") {
            return Err(wrong());
        }
        let info = text.into_connection_info().map_err(|_| wrong())?;
        let database = info.redis_settings().db();
        Ok(Self {
            url: text.to_owned(),
            shown: format!("redis://{}/{database}", info.addr()),
        })
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password() {
        let address: RedisAddress = "redis://me:secret@10.0.0.9:6380/3".parse().unwrap();
        assert_eq!(address.to_string(), "redis://10.0.0.9:6380/3");
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "",
            "localhost",
            "http://me:secret@a",
            "redis://me:secret@:x",
            "valkey://me:secret@a",
        ] {
            let error = text.parse::<RedisAddress>().unwrap_err();
            assert!(error.contains("like redis://"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_in_one_line() {
        for (text, why) in [
            ("rediss://me:secret@a:6379/0", "asks for TLS"),
            ("redis://me:secret/x@a:6379/0", "encoded: `/` as %2F"),
        ] {
            let error = text.parse::<RedisAddress>().unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(
                !error.contains("secret") && !error.contains('\n'),
                "{error}"
            );
        }
    }
}
