//! Addresses of PostgreSQL and Redis as people write them: what the libraries below cannot read is
//! put right, or refused in one line that shows no password.

use std::borrow::Cow;

/// Characters that end the part of an address with user and password, with their encoding.
const ENCODED: &str = "`/` as %2F, `?` as %3F, `#` as %23, `%` as %25, `@` as %40";

/// The address of PostgreSQL. libpq's form without a host, with a socket in `?host=`, gets one.
pub fn postgres(url: &str) -> Result<Cow<'_, str>, String> {
    let parts = AddressParts::of(
        "the address of the database",
        url,
        &["postgres", "postgresql"],
        "postgres://user:password@127.0.0.1:5432/codeconnect",
    )?;
    if !parts.host.is_empty() {
        return Ok(Cow::Borrowed(url));
    }
    let user = parts
        .user
        .map_or_else(String::new, |user| format!("{user}@"));
    let whole = format!("{}://{user}localhost{}", parts.scheme, parts.rest);
    Ok(Cow::Owned(whole))
}

/// Checks the address of Redis, which is read as it is.
pub fn redis(url: &str) -> Result<(), String> {
    if url.starts_with("rediss:") || url.starts_with("valkeys:") {
        return Err(
            "the address of Redis asks for TLS, which this program does not speak to Redis: use redis:// in a network of your own, or through a tunnel that encrypts".to_owned(),
        );
    }
    AddressParts::of(
        "the address of Redis",
        url,
        &["redis", "valkey", "redis+unix", "valkey+unix", "unix"],
        "redis://127.0.0.1:6379/0",
    )
    .map(|_parts| ())
}

/// The parts of an address: `scheme://user@host` and the rest, which begins with `/`, `?` or `#`.
struct AddressParts<'a> {
    scheme: &'a str,
    /// User and password.
    user: Option<&'a str>,
    host: &'a str,
    rest: &'a str,
}

impl<'a> AddressParts<'a> {
    fn of(what: &str, url: &'a str, schemes: &[&str], right: &str) -> Result<Self, String> {
        let refused = |why: String| Err(format!("{what} {why}"));
        let Some((scheme, after)) = url
            .split_once("://")
            .filter(|(scheme, _)| schemes.contains(scheme))
        else {
            return refused(format!(
                "does not begin with {}://: write it like {right}",
                schemes[0]
            ));
        };
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        // `u:pa/ss@host`: the slash has ended the part that the password belongs to.
        let cut = user.is_none() && host.contains(':') && rest.contains('@');
        if cut || user.is_some_and(is_badly_encoded) {
            return refused(format!(
                "has a user name or a password with a character that has to be encoded: {ENCODED}"
            ));
        }
        if rest.starts_with('#') {
            return refused(format!("has a `#` after the host: write it like {right}"));
        }
        Ok(Self {
            scheme,
            user,
            host,
            rest,
        })
    }
}

/// Whether a `%` is not the begin of an encoded byte, or the bytes are no text.
fn is_badly_encoded(user: &str) -> bool {
    let mut bytes = Vec::new();
    let mut left = user.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(left.next()), digit(left.next())) else {
            return true;
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_host_gets_one_and_others_stay_as_they_are() {
        for (url, same) in [
            (
                "postgres://u:p@/db?host=/run/postgresql",
                "postgres://u:p@localhost/db?host=/run/postgresql",
            ),
            ("postgresql:///db", "postgresql://localhost/db"),
            ("postgres://u:p@h:5432/db", "postgres://u:p@h:5432/db"),
            (
                "postgres://u:p%2F%23@[::1]/db",
                "postgres://u:p%2F%23@[::1]/db",
            ),
            ("postgres://h/db", "postgres://h/db"),
        ] {
            assert_eq!(postgres(url).as_deref(), Ok(same));
        }
        for url in [
            "redis://:pw@h:6379/0",
            "redis://h",
            "unix:///run/redis.sock",
        ] {
            assert_eq!(redis(url), Ok(()));
        }
    }

    #[test]
    fn what_has_to_be_encoded_is_said_without_the_password() {
        for why in [
            postgres("postgres://u:hush/x@h/db").unwrap_err(),
            postgres("postgres://u:hush#x@h/db").unwrap_err(),
            postgres("postgres://u:hush?x@h/db").unwrap_err(),
            postgres("postgres://u:hush100%@h/db").unwrap_err(),
            postgres("postgres://u:hush%zz@h/db").unwrap_err(),
            postgres("postgres://u:hush%ff@h/db").unwrap_err(),
            redis("redis://:hush/x@h/0").unwrap_err(),
            redis("redis://:hush#x@h/0").unwrap_err(),
        ] {
            assert!(why.contains("encoded: `/` as %2F"), "{why}");
            assert!(!why.contains("hush") && !why.contains('\n'), "{why}");
        }
    }

    #[test]
    fn another_kind_of_address_is_refused_with_the_right_one() {
        for (why, right) in [
            (redis("rediss://:hush@h").unwrap_err(), "TLS"),
            (redis("http://hush").unwrap_err(), "redis://127"),
            (postgres("mysql://u:hush@h/db").unwrap_err(), "postgres://"),
            (postgres("u:hush@h/db").unwrap_err(), "postgres://"),
        ] {
            assert!(why.contains(right) && !why.contains("hush"), "{why}");
            assert!(!why.contains('\n'), "{why}");
        }
    }
}
