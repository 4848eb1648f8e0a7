//! Access to the control plane by the lab token.

use axum::{extract::FromRequestParts, http::HeaderMap};
use http::{header, request::Parts};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use shared::{headers, problem::Code};
use subtle::ConstantTimeEq as _;

use crate::{error::ApiError, state::AppState};

/// Proof that a request carries the lab token, in `X-Lab-Token` or as a bearer token.
///
/// Where no token is configured the control plane does not exist: 404, not 401.
#[derive(Debug, Clone, Copy)]
pub struct LabAccess(());

impl FromRequestParts<AppState> for LabAccess {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        check(state.lab_token(), &parts.headers).map(|()| Self(()))
    }
}

fn check(configured: Option<&SecretString>, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(configured) = configured else {
        return Err(ApiError::not_found("route"));
    };
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

    fn code(configured: Option<&str>, name: &'static str, value: &str) -> Option<Code> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let configured = configured.map(SecretString::from);
        check(configured.as_ref(), &headers)
            .err()
            .map(|error| error.code())
    }

    #[test]
    fn the_token_is_taken_from_its_own_header_or_as_a_bearer_token() {
        assert_eq!(code(Some("secret"), headers::LAB_TOKEN, "secret"), None);
        assert_eq!(code(Some("secret"), "authorization", "Bearer secret"), None);
        assert_eq!(
            code(Some("secret"), "authorization", "bearer  secret"),
            None
        );
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
            assert_eq!(
                code(Some("secret"), name, value),
                Some(Code::Unauthenticated),
                "{value}"
            );
        }
    }

    #[test]
    fn without_a_configured_token_there_is_no_lab() {
        assert_eq!(code(None, headers::LAB_TOKEN, ""), Some(Code::NotFound));
        assert_eq!(
            code(None, headers::LAB_TOKEN, "secret"),
            Some(Code::NotFound)
        );
    }
}
