//! Access to the control plane: by a name of this server, and by the lab token.

use axum::{extract::FromRequestParts, http::HeaderMap};
use http::{
    header,
    request::Parts,
    uri::{Authority, Uri},
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use shared::{headers, problem::Code};
use subtle::ConstantTimeEq as _;

use crate::{config::LabHosts, error::ApiError, state::AppState};

/// Proof that a request names this server and carries the lab token, in `X-Lab-Token` or as a bearer
/// token.
///
/// Where no token is configured the control plane does not exist: 404, not 401.
#[derive(Debug, Clone, Copy)]
pub struct LabAccess(());

impl FromRequestParts<AppState> for LabAccess {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Some(token) = state.lab_token() else {
            return Err(ApiError::not_found("route"));
        };
        check_host(state.lab_hosts(), &parts.uri, &parts.headers)?;
        check_token(token, &parts.headers)?;
        Ok(Self(()))
    }
}

/// Refuses a request that names another host: in `Host`, or in a target of absolute form, which counts
/// in its place (RFC 9112, 3.2.2). A request of HTTP/1.0 may name none, and then it is refused too.
fn check_host(hosts: &LabHosts, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let named = headers
        .get(header::HOST)
        .and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let is_ours = |host: &Authority| hosts.allow(host);
    if named.as_ref().is_some_and(is_ours) && uri.authority().is_none_or(is_ours) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::Misdirected,
        "`Host` does not name this server: call the control plane by an address of this machine, as \
         `localhost`, or by a name that the server was started with (--lab-hosts or LAB_HOSTS)",
    ))
}

fn check_token(configured: &SecretString, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(given) = given(headers) else {
        return Err(ApiError::new(
            Code::Unauthenticated,
            format!("send the lab token in `{}`", headers::LAB_TOKEN),
        ));
    };
    if same(given, configured.expose_secret()) {
        Ok(())
    } else {
        Err(ApiError::new(
            Code::Unauthenticated,
            "the lab token is wrong",
        ))
    }
}

fn given(headers: &HeaderMap) -> Option<&str> {
    let own = headers
        .get(headers::LAB_TOKEN)
        .and_then(|value| value.to_str().ok());
    own.or_else(|| {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    })
}

/// Compares digests, so that the duration reveals neither content nor length.
fn same(one: &str, other: &str) -> bool {
    let one = Sha256::digest(one.as_bytes());
    let other = Sha256::digest(other.as_bytes());
    one[..].ct_eq(&other[..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &'static str, value: &str) -> Option<Code> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let refused = check_token(&SecretString::from("secret"), &headers).err();
        refused.map(|error| error.code())
    }

    #[test]
    fn the_token_is_taken_from_its_own_header_or_as_a_bearer_token() {
        assert_eq!(code(headers::LAB_TOKEN, "secret"), None);
        assert_eq!(code("authorization", "Bearer secret"), None);
        assert_eq!(code("authorization", "bearer  secret"), None);
    }

    #[test]
    fn a_wrong_or_missing_token_is_refused() {
        for (name, value) in [
            (headers::LAB_TOKEN, "secre"),
            (headers::LAB_TOKEN, ""),
            ("authorization", "Bearer secrets"),
            ("authorization", "Basic secret"),
            ("accept", "secret"),
        ] {
            assert_eq!(code(name, value), Some(Code::Unauthenticated), "{value}");
        }
    }

    #[test]
    fn header_and_target_both_name_this_server() {
        let hosts = LabHosts::new("127.0.0.1".parse().unwrap(), &[]).unwrap();
        let is_ours = |host: Option<&str>, target: &str| {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(header::HOST, host.parse().unwrap());
            }
            check_host(&hosts, &target.parse().unwrap(), &headers).is_ok()
        };
        assert!(is_ours(Some("localhost:8080"), "/lab/profile"));
        assert!(is_ours(Some("localhost"), "http://127.0.0.1/lab/profile"));
        assert!(!is_ours(Some("rebound.test"), "/lab/profile"));
        assert!(!is_ours(
            Some("localhost"),
            "http://rebound.test/lab/profile"
        ));
        assert!(!is_ours(Some("a b"), "/lab/profile"));
        assert!(!is_ours(None, "/lab/profile"));
    }
}
