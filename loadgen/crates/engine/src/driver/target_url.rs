//! URLs of targets, read by the URL standard and refused where a part of them would be ignored.

use std::net::IpAddr;

use http::uri::Authority;
use reqwest::Url;

/// A URL of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUrl {
    /// Whether it is an `https` URL.
    pub encrypted: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub name: String,
    /// Port, that of the scheme where none is written.
    pub port: u16,
    /// Value of the `Host` header: a port that belongs to the scheme is not in it.
    pub host: String,
    /// Path and query, percent-encoded.
    pub path: String,
}

/// Why a text is not the URL of a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a URL to send to: {why}; write it like http://127.0.0.1:8080")]
pub struct TargetUrlError {
    shown: String,
    why: String,
}

impl TargetUrl {
    /// Reads `http://host:port/path?query`.
    pub fn parse(text: &str) -> Result<Self, TargetUrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let bad = |why: &str| TargetUrlError {
            shown: match authority.rsplit_once('@') {
                Some((user, _)) => text.replacen(user, "***", 1),
                None => text.to_owned(),
            },
            why: why.to_owned(),
        };
        if text.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || letter == '\\'
        }) {
            return Err(bad("it contains a space, a control character or `\\`"));
        }
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            "" => return Err(bad("it does not begin with http://")),
            _ => return Err(bad("only http and https are supported")),
        };
        if authority.contains('@') {
            return Err(bad(
                "it contains a user name or a password; send them as a header",
            ));
        }
        if text.contains('#') {
            return Err(bad(
                "it contains a fragment (`#...`), which is never sent; the character itself is %23",
            ));
        }
        let after_address = authority.rsplit(']').next().unwrap_or_default();
        if let Some((_, port)) = after_address.rsplit_once(':')
            && !port.is_empty()
            && (!port.bytes().all(|digit| digit.is_ascii_digit())
                || !port.parse().is_ok_and(|port: u16| port > 0))
        {
            return Err(bad(&format!("`{port}` is not a port from 1 to 65535")));
        }
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        let (Some(name), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(bad("it has no host"));
        };
        // The standard reads `http:///path` as host `path`.
        if authority.is_empty() {
            return Err(bad("it has no host"));
        }
        let host = url
            .port()
            .map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        // The standard allows letters that no `Host` header may have.
        if Authority::try_from(host.as_str()).is_err() {
            return Err(bad(&format!("`{name}` is not a host name")));
        }
        Ok(Self {
            encrypted,
            name: name.trim_matches(['[', ']']).to_owned(),
            port,
            host,
            path: match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            },
        })
    }

    /// The same, for a target that has several paths: the URL itself has none.
    pub fn without_path(text: &str) -> Result<Self, TargetUrlError> {
        let url = Self::parse(text)?;
        if url.path == "/" {
            return Ok(url);
        }
        Err(TargetUrlError {
            shown: text.to_owned(),
            why: "it has more than a host and a port".to_owned(),
        })
    }
}

/// The address that a connection to `address` reaches: for an unspecified address that is the
/// loopback address of this machine, for an IPv4 address in its IPv6 form the IPv4 address.
pub(super) fn reached(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) if address.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_with_the_port_of_its_scheme_and_an_encoded_path() {
        let read = |text: &str| {
            let url = TargetUrl::parse(text).unwrap();
            (url.name, url.port, url.host, url.path)
        };
        let parts = |name: &str, port, host: &str, path: &str| {
            (name.to_owned(), port, host.to_owned(), path.to_owned())
        };
        assert_eq!(
            read("http://localhost:8080/a?b=c"),
            parts("localhost", 8080, "localhost:8080", "/a?b=c")
        );
        assert_eq!(
            read("https://[::1]"),
            parts("::1", 443, "[::1]", "/"),
            "an IPv6 address"
        );
        assert_eq!(
            read("HTTP://A.test:80/größe?q=ü"),
            parts("a.test", 80, "a.test", "/gr%C3%B6%C3%9Fe?q=%C3%BC")
        );
    }

    #[test]
    fn a_url_with_a_part_that_would_be_ignored_is_refused_in_one_line() {
        for (text, word) in [
            ("http://h:80800/", "`80800` is not a port"),
            ("http://h:99999", "`99999` is not a port"),
            ("http://h:-80/", "`-80` is not a port"),
            ("http://h:+80/", "`+80` is not a port"),
            ("http://h:80a/", "`80a` is not a port"),
            ("https://h:0/", "`0` is not a port"),
            ("http://[::1]:80800/", "`80800` is not a port"),
            ("http://h/#part", "fragment"),
            ("http://u:s3cret@h/", "password"),
            ("http://u@h:80a/", "password"),
            ("http://h/a b", "space"),
            ("http:\\\\h", "`\\`"),
            ("ftp://h/", "only http"),
            ("h:8080", "does not begin"),
            ("http://", "host"),
            ("http:///path", "no host"),
            ("http://:80/", "host"),
            ("http://::1:80/", "`"),
            ("http://[::1", "`"),
            ("http://a`b/", "`a`b` is not a host name"),
        ] {
            let error = TargetUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
            assert!(error.contains("http://127.0.0.1:8080"), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        assert!(TargetUrl::without_path("http://h:1/").is_ok());
        assert!(TargetUrl::without_path("http://h:1/api").is_err());
        assert!(TargetUrl::without_path("http://h:1/?a").is_err());
    }

    #[test]
    fn unspecified_and_mapped_addresses_are_this_machine() {
        for text in [
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:0.0.0.0",
            "127.0.0.5",
        ] {
            let address = text.parse().unwrap();
            assert!(reached(address).is_loopback(), "{text}");
        }
        let remote = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(reached(remote).to_string(), "192.0.2.7");
    }
}
