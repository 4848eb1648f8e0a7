//! Which requests are accepted: a page of another site must neither read this one nor change
//! anything through it.
//!
//! Each request must name a host of this machine, because a host name that an attacker points at
//! 127.0.0.1 would make the attacker's page the same origin (DNS rebinding). A request that changes
//! something must also come from the page itself: same origin, and a token that only the page has.
//! What a page of another site asks for in the background is refused as well: it cannot read the answer,
//! and would take one of the places of readers, and keep the page of a command open that has ended.
//!
//! On an address that other machines reach, `Host` proves nothing, because any program can send any.
//! There each request must also prove that its sender was given the page's secret: a browser opens
//! `/?secret=…` once and gets a cookie for it. The page never contains the secret.

use std::net::IpAddr;

use http::{HeaderMap, Method, StatusCode, Uri, header};
use uuid::Uuid;

use super::{page_secret::PageSecret, response::ErrorResponse};

/// How the name of the cookie begins that a browser gets for the secret.
const COOKIE: &str = "loadgen_page_";
/// Random letters that follow: a browser sends the cookies of all ports of a machine to each of them, and two
/// pages there must not take each other's away.
const COOKIE_LETTERS: usize = 8;

/// Header that carries the token.
pub(super) const TOKEN: &str = "x-loadgen-token";

/// Checks the headers of requests.
#[derive(Debug)]
pub(super) struct OriginCheck {
    /// The address that the server listens on.
    listen: IpAddr,
    /// Random, new with each server.
    token: String,
    /// Where the page is open to other machines.
    lock: Option<PageLock>,
}

/// What opens a page that other machines reach.
#[derive(Debug)]
struct PageLock {
    secret: PageSecret,
    /// The cookie's name.
    cookie: String,
    /// The cookie's value: random, new with each server.
    session: String,
}

/// The outcome of the check of the secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SecretCheck {
    /// The request may go on.
    Granted,
    /// It brought the secret in its query: it goes on without, and with this cookie.
    Cookie(String),
}

impl OriginCheck {
    /// A check with a new token; with a secret, each request must have it.
    pub(super) fn new(listen: IpAddr, secret: Option<PageSecret>) -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self {
            listen,
            token: random(),
            lock: secret.map(|secret| PageLock {
                secret,
                cookie: format!("{COOKIE}{}", &random()[..COOKIE_LETTERS]),
                session: random(),
            }),
        }
    }

    /// The secret, where one is needed.
    pub(super) fn secret(&self) -> Option<&PageSecret> {
        self.lock.as_ref().map(|lock| &lock.secret)
    }

    /// Refuses a request that has neither the secret nor its cookie, where there is a secret.
    pub(super) fn check_secret(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<SecretCheck, ErrorResponse> {
        let Some(lock) = &self.lock else {
            return Ok(SecretCheck::Granted);
        };
        let secret = lock.secret.expose();
        let queried = uri
            .query()
            .and_then(|query| query.strip_prefix("secret="))
            .filter(|_| method == Method::GET);
        // Before the cookie is looked at: whoever has one already must not keep the secret in the address either.
        if queried.is_some_and(|given| equal(given.as_bytes(), secret.as_bytes())) {
            let PageLock {
                cookie, session, ..
            } = lock;
            return Ok(SecretCheck::Cookie(format!(
                "{cookie}={session}; Path=/; HttpOnly; SameSite=Lax"
            )));
        }
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let cookie = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == lock.cookie).then_some(value));
        if bearer.is_some_and(|given| equal(given.as_bytes(), secret.as_bytes()))
            || cookie.is_some_and(|given| equal(given.as_bytes(), lock.session.as_bytes()))
        {
            return Ok(SecretCheck::Granted);
        }
        Err(ErrorResponse::new(
            StatusCode::UNAUTHORIZED,
            "open /?secret= with the page's secret behind it",
        ))
    }

    /// What the page sends with each change.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Refuses a request whose host is not this machine.
    pub(super) fn check_host(&self, headers: &HeaderMap) -> Result<(), ErrorResponse> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let one = hosts.next().and_then(|value| value.to_str().ok());
        match (one, hosts.next()) {
            (Some(host), None) if self.is_this_machine(host) => Ok(()),
            _ => Err(ErrorResponse::new(
                StatusCode::MISDIRECTED_REQUEST,
                "the host must be localhost, 127.0.0.1, [::1] or the address that this server listens on",
            )),
        }
    }

    /// Refuses what a page of another site asks for in the background. A browser says whose request it is; going
    /// to this page from elsewhere is allowed, and so is a program, which says nothing.
    pub(super) fn check_site(headers: &HeaderMap) -> Result<(), ErrorResponse> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let is_own = matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"));
        let is_visit = text("sec-fetch-mode") == Some("navigate")
            && text("sec-fetch-dest") == Some("document");
        if is_own || is_visit {
            return Ok(());
        }
        Err(ErrorResponse::new(
            StatusCode::FORBIDDEN,
            "only this page may ask for that; open it by its address",
        ))
    }

    fn is_this_machine(&self, host: &str) -> bool {
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
            // A name can be pointed at this machine by others, an address cannot; and with a secret
            // it does not matter which of its addresses this machine is called by.
            address.is_loopback()
                || (!address.is_unspecified() && (address == self.listen || self.lock.is_some()))
        })
    }

    /// Refuses a request that changes something unless the page has made it.
    pub(super) fn check_change(&self, headers: &HeaderMap) -> Result<(), ErrorResponse> {
        let forbidden = |why: &str| Err(ErrorResponse::new(StatusCode::FORBIDDEN, why));
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let kind = text("content-type").unwrap_or_default();
        if !kind
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        {
            return forbidden("content-type must be application/json");
        }
        let host = text("host").unwrap_or_default();
        let site = text("sec-fetch-site");
        let origin = text("origin");
        // A proxy with TLS before the page changes scheme and host, and no page can set this header. Who reaches a
        // page with a secret has shown it already.
        let proxied = self.lock.is_some() && site == Some("same-origin");
        let foreign = site.is_some_and(|site| site != "same-origin")
            || (!proxied
                && origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)));
        if foreign || (site.is_none() && origin.is_none()) {
            return forbidden("only this page may do that");
        }
        let given = text(TOKEN).unwrap_or_default();
        if !equal(given.as_bytes(), self.token.as_bytes()) {
            return forbidden("the token is missing or old; load the page again");
        }
        Ok(())
    }
}

/// The host without its port; `None` where the port is no number.
fn without_port(host: &str) -> Option<&str> {
    let after_bracket = host.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = host[after_bracket..].find(':') else {
        return Some(host);
    };
    let (name, port) = host.split_at(after_bracket + colon);
    port[1..].parse::<u16>().ok().map(|_| name)
}

/// Equality in constant time, so that the token cannot be guessed byte by byte.
fn equal(one: &[u8], other: &[u8]) -> bool {
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
    fn only_names_of_this_machine_are_accepted() {
        let check = OriginCheck::new([0, 0, 0, 0].into(), None);
        for host in [
            "localhost",
            "LOCALHOST:8090",
            "127.0.0.1:18090",
            "127.3.2.1",
            "[::1]:8090",
            "[::1]",
        ] {
            assert!(
                check.check_host(&headers(&[("host", host)])).is_ok(),
                "{host}"
            );
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
            let refusal = check.check_host(&headers(&[("host", host)])).unwrap_err();
            assert_eq!(refusal.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        }
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(check.check_host(&two).is_err() && check.check_host(&headers(&[])).is_err());
        let named = OriginCheck::new([192, 0, 2, 1].into(), None);
        assert!(
            named
                .check_host(&headers(&[("host", "192.0.2.1:8090")]))
                .is_ok()
        );
        assert!(
            named
                .check_host(&headers(&[("host", "192.0.2.2:8090")]))
                .is_err()
        );
    }

    #[test]
    fn another_site_may_go_to_the_page_and_ask_for_nothing_behind_it() {
        let asked = |site: &str, mode: &str, dest: &str| {
            let all = [
                ("sec-fetch-site", site),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ];
            OriginCheck::check_site(&headers(&all)).is_ok()
        };
        assert!(OriginCheck::check_site(&headers(&[])).is_ok());
        assert!(asked("same-origin", "cors", "empty"));
        assert!(asked("none", "navigate", "document"));
        for site in ["cross-site", "same-site", "?"] {
            assert!(asked(site, "navigate", "document"), "{site}");
            assert!(!asked(site, "navigate", "iframe"), "{site}");
            assert!(!asked(site, "cors", "empty"), "{site}");
            assert!(!asked(site, "no-cors", "image"), "{site}");
        }
    }

    #[test]
    fn a_change_needs_the_content_type_the_origin_and_the_token() {
        let check = OriginCheck::new([127, 0, 0, 1].into(), None);
        let token = check.token().to_owned();
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
            check.check_change(&headers(&all))
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
        assert_ne!(token, OriginCheck::new([127, 0, 0, 1].into(), None).token());
    }

    const SECRET: &str = "0123456789abcdef";

    fn locked() -> OriginCheck {
        OriginCheck::new([0, 0, 0, 0].into(), Some(SECRET.parse().unwrap()))
    }

    /// What a request for `path` with these cookies comes to.
    fn opened(check: &OriginCheck, path: &str, cookies: &str) -> Option<SecretCheck> {
        let headers = headers(&[("cookie", cookies)]);
        let uri: Uri = path.parse().unwrap();
        check.check_secret(&Method::GET, &uri, &headers).ok()
    }

    /// The cookie that a browser keeps after it has opened the page with the secret.
    fn cookie(check: &OriginCheck, cookies: &str) -> String {
        let path = format!("/?secret={SECRET}");
        let Some(SecretCheck::Cookie(set)) = opened(check, &path, cookies) else {
            panic!("the secret stays in the address");
        };
        set.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_browser_that_has_the_cookie_does_not_keep_the_secret_in_its_address_either() {
        let check = locked();
        let had = cookie(&check, "");
        assert_eq!(opened(&check, "/", &had), Some(SecretCheck::Granted));
        assert_eq!(cookie(&check, &had), had);
        let wrong = "/?secret=0123456789abcdeX";
        assert_eq!(opened(&check, wrong, &had), Some(SecretCheck::Granted));
        assert_eq!(opened(&check, wrong, ""), None);
    }

    #[test]
    fn two_pages_of_one_machine_do_not_take_each_others_cookies_away() {
        let (one, other) = (locked(), locked());
        // A browser keeps cookies by their name, whatever the port.
        let mut kept = std::collections::BTreeMap::new();
        for check in [&one, &other] {
            let set = cookie(check, "");
            let (name, value) = set.split_once('=').unwrap();
            kept.insert(name.to_owned(), value.to_owned());
        }
        let pairs = kept.iter().map(|(name, value)| format!("{name}={value}"));
        let sent = pairs.collect::<Vec<_>>().join("; ");
        for check in [&one, &other] {
            assert_eq!(opened(check, "/", &sent), Some(SecretCheck::Granted));
        }
    }

    #[test]
    fn behind_a_proxy_with_tls_the_browser_says_whether_the_page_is_the_same() {
        let check = locked();
        let token = check.token().to_owned();
        let change = |check: &OriginCheck, site: Option<&str>, token: &str| {
            let mut all = vec![
                ("host", "127.0.0.1:8090"),
                ("content-type", "application/json"),
                ("origin", "https://load.example"),
                (TOKEN, token),
            ];
            all.extend(site.map(|site| ("sec-fetch-site", site)));
            check.check_change(&headers(&all)).is_ok()
        };
        assert!(change(&check, Some("same-origin"), &token));
        for site in [None, Some("same-site"), Some("cross-site"), Some("none")] {
            assert!(!change(&check, site, &token), "{site:?}");
        }
        assert!(!change(&check, Some("same-origin"), "x"));
        // Without a secret nobody but this machine is served, and nothing stands between.
        let open = OriginCheck::new([127, 0, 0, 1].into(), None);
        let token = open.token().to_owned();
        assert!(!change(&open, Some("same-origin"), &token));
    }
}
