//! The `Host` of a request: one, and a valid one (RFC 9112, 3.2).
//!
//! Servers and proxies that read two of them differently can be made to disagree about where a
//! request belongs.

use axum::http::{HeaderMap, Version, header, uri::Authority};
use shared::problem::Code;

use crate::error::ApiError;

/// Refuses a request without a `Host`, with more than one, or with one that names no host.
pub(super) fn check(version: Version, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut given = headers.get_all(header::HOST).iter();
    let refused = |why| Err(ApiError::new(Code::BadRequest, why));
    match (given.next(), given.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => refused("`Host` is missing"),
        (Some(_), Some(_)) => refused("`Host` is there more than once"),
        (Some(host), None) => {
            let host = Authority::try_from(host.as_bytes());
            // An address of a user is an authority too, but no host.
            if host.is_ok_and(|host| !host.as_str().contains('@')) {
                Ok(())
            } else {
                refused("`Host` is not a host with or without a port")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(version: Version, hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        check(version, &headers).is_ok()
    }

    #[test]
    fn exactly_one_host_is_right_and_http_1_0_needs_none() {
        for host in ["localhost", "127.0.0.1:80", "[::1]:8080", "a.test."] {
            assert!(ok(Version::HTTP_11, &[host]), "{host}");
        }
        for hosts in [
            &[][..],
            &["a.test", "a.test"],
            &[""],
            &["a b"],
            &["me@a.test"],
        ] {
            assert!(!ok(Version::HTTP_11, hosts), "{hosts:?}");
        }
        assert!(ok(Version::HTTP_10, &[]));
        assert!(!ok(Version::HTTP_10, &["a.test", "b.test"]));
    }
}
