//! Who may ask what: a page of another site must neither read this one nor press its buttons.
//!
//! Each request must name a host of this machine, because a name that an attacker points at
//! 127.0.0.1 would make his page the same origin (DNS rebinding). A request that changes something
//! must also come from the page itself: by its origin, and by a token that only the page holds.

use std::net::IpAddr;

use http::{HeaderMap, StatusCode, header};
use uuid::Uuid;

/// Header that carries the token.
pub(super) const TOKEN: &str = "x-loadgen-token";

/// Why a request is turned away: status and a line.
pub(super) type Refusal = (StatusCode, &'static str);

/// What requests are held against.
#[derive(Debug)]
pub(super) struct Guard {
    /// The address that is listened on.
    listen: IpAddr,
    /// Random, new with each process.
    token: String,
}

impl Guard {
    /// A guard with a new token.
    pub(super) fn new(listen: IpAddr) -> Self {
        let token = Uuid::new_v4().simple().to_string();
        Self { listen, token }
    }

    /// What the page has to send along.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Whether the host is this machine.
    pub(super) fn host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let one = hosts.next().and_then(|value| value.to_str().ok());
        match (one, hosts.next()) {
            (Some(host), None) if self.is_here(host) => Ok(()),
            _ => Err((
                StatusCode::MISDIRECTED_REQUEST,
                "this page answers to localhost, 127.0.0.1, [::1] and the address it listens on",
            )),
        }
    }

    fn is_here(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else {
            return false;
        };
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let bare = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name);
        bare.parse::<IpAddr>().is_ok_and(|address| {
            address.is_loopback() || (address == self.listen && !address.is_unspecified())
        })
    }

    /// Whether a request that changes something was made by the page.
    pub(super) fn change(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let kind = text("content-type").unwrap_or_default();
        if !kind
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        {
            return Err((
                StatusCode::FORBIDDEN,
                "content-type must be application/json",
            ));
        }
        let host = text("host").unwrap_or_default();
        let site = text("sec-fetch-site");
        let origin = text("origin");
        let strange = site.is_some_and(|site| site != "same-origin")
            || origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host));
        if strange || (site.is_none() && origin.is_none()) {
            return Err((StatusCode::FORBIDDEN, "only this page may do that"));
        }
        let given = text(TOKEN).unwrap_or_default();
        if !same(given.as_bytes(), self.token.as_bytes()) {
            return Err((
                StatusCode::FORBIDDEN,
                "the token is missing or old; load the page again",
            ));
        }
        Ok(())
    }
}

/// A host without its port; none where it is neither.
fn without_port(host: &str) -> Option<&str> {
    let after_bracket = host.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = host[after_bracket..].find(':') else {
        return Some(host);
    };
    let (name, port) = host.split_at(after_bracket + colon);
    port[1..].parse::<u16>().ok().map(|_| name)
}

/// Equality that takes as long wherever the texts differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b));
    one.len() == other.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let guard = Guard::new([0, 0, 0, 0].into());
        for host in [
            "localhost",
            "LOCALHOST:8090",
            "127.0.0.1:18090",
            "127.3.2.1",
            "[::1]:8090",
            "[::1]",
        ] {
            assert!(guard.host(&headers(&[("host", host)])).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8090",
            "0.0.0.0:8090",
            "192.0.2.1:8090",
            "localhost:80:80",
            "localhost:",
            "",
        ] {
            let refusal = guard.host(&headers(&[("host", host)])).unwrap_err();
            assert_eq!(refusal.0, StatusCode::MISDIRECTED_REQUEST, "{host}");
        }
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(guard.host(&two).is_err() && guard.host(&headers(&[])).is_err());
        let told = Guard::new([192, 0, 2, 1].into());
        assert!(told.host(&headers(&[("host", "192.0.2.1:8090")])).is_ok());
        assert!(told.host(&headers(&[("host", "192.0.2.2:8090")])).is_err());
    }

    #[test]
    fn a_change_needs_the_kind_the_origin_and_the_token() {
        let guard = Guard::new([127, 0, 0, 1].into());
        let token = guard.token().to_owned();
        type Lines = Vec<(&'static str, String)>;
        let with = |change: &dyn Fn(&mut Lines)| {
            let mut all = vec![
                ("host", "localhost:8090".to_owned()),
                ("content-type", "application/json; charset=utf-8".to_owned()),
                ("origin", "http://localhost:8090".to_owned()),
                (TOKEN, token.clone()),
            ];
            change(&mut all);
            let all: Vec<_> = all
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            guard.change(&headers(&all))
        };
        assert!(with(&|_| {}).is_ok());
        assert!(with(&|all| all.push(("sec-fetch-site", "same-origin".into()))).is_ok());
        assert!(with(&|all| all[2] = ("sec-fetch-site", "same-origin".into())).is_ok());
        assert!(with(&|all| all.push(("sec-fetch-site", "same-site".into()))).is_err());
        assert!(with(&|all| all[1].1 = "text/plain".into()).is_err());
        assert!(with(&|all| all[2].1 = "http://evil.example".into()).is_err());
        assert!(with(&|all| all[2].1 = "http://localhost:9999".into()).is_err());
        assert!(with(&|all| all[2].1 = "null".into()).is_err());
        assert!(with(&|all| drop(all.remove(2))).is_err());
        assert!(with(&|all| drop(all.remove(3))).is_err());
        assert!(with(&|all| all[3].1 = "0".repeat(32)).is_err());
        assert!(with(&|all| all[3].1 = all[3].1.chars().skip(1).collect()).is_err());
        assert_ne!(token, Guard::new([127, 0, 0, 1].into()).token());
    }
}
