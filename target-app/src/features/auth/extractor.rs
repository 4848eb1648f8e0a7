//! The signed-in user in a handler's signature.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use chrono::{DateTime, Utc};
use shared::{
    api::auth::{Role, UserView},
    ids::{MentorId, UserId},
    paths,
    problem::Code,
    row_security::Person,
};

use super::cached;
use crate::{engine::Engine, error::ApiError, http::Current, state::AppState, timing};

/// An active user with a good access token.
#[derive(Debug, Clone, Copy)]
pub struct AuthUser {
    /// The account.
    pub id: UserId,
    /// Its role now; a token says nothing of it.
    pub role: Role,
    /// Its mentor profile, if it has one.
    pub mentor: Option<MentorId>,
    /// When the token that proved it expires.
    pub expires_at: DateTime<Utc>,
}

impl AuthUser {
    /// For whom their statements run under row-level security.
    pub const fn person(&self) -> Person {
        match self.role {
            Role::Mentor => Person::Mentor(self.id),
            Role::Student | Role::Parent | Role::Admin => Person::Student(self.id),
        }
    }

    /// Refuses everyone who has not that role.
    pub fn require(&self, role: Role) -> Result<(), ApiError> {
        if self.role == role {
            return Ok(());
        }
        Err(ApiError::new(
            Code::Forbidden,
            format!("only a {} may do this", role.as_str()),
        ))
    }
}

impl FromRequestParts<AppState> for AuthUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let token = token(parts).ok_or_else(|| {
            ApiError::new(
                Code::Unauthenticated,
                "send `Authorization: Bearer ACCESS_TOKEN`",
            )
        })?;
        let claims = state.tokens().verify_access(token)?;
        let Current(engine) = Current::from_request_parts(parts, state).await?;
        let account = active_account(&engine, claims.user).await?;
        timing::signed_in(account.id.0);
        Ok(Self {
            id: account.id,
            role: account.role,
            mentor: account.mentor_id,
            expires_at: claims.expires_at,
        })
    }
}

/// The account of a request whose token proves who sends it; refused if it is not active.
pub async fn active_account(engine: &Engine, id: UserId) -> Result<UserView, ApiError> {
    let (account, _) = cached::user_view(engine, id).await?;
    account.ok_or_else(|| ApiError::new(Code::Unauthenticated, "the account is not active"))
}

/// Whoever sends a request that needs no sign-in, if a good access token says who. Nothing is decided by
/// it: reads of somebody who has just written go where that is.
#[derive(Debug, Clone, Copy)]
pub struct Visitor;

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        if state.engine().db.distinguishes_writers()
            && let Some(token) = token(parts)
            && let Ok(claims) = state.tokens().verify_access(token)
        {
            timing::signed_in(claims.user.0);
        }
        Ok(Self)
    }
}

/// The token of a request: a header, or on the socket, where browsers can send none, the query.
fn token(parts: &Parts) -> Option<&str> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    if parts.uri.path() != paths::CHAT_SOCKET {
        return None;
    }
    // Our tokens are base64url and dots: nothing in them is ever escaped.
    parts
        .uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("access_token="))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(path: &str, authorization: Option<&str>) -> Parts {
        let mut request = Request::get(path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_comes_in_the_header_and_only_on_the_socket_in_the_query() {
        let header = parts("/api/v1/auth/me", Some("bearer abc"));
        assert_eq!(token(&header), Some("abc"));
        let basic = parts("/api/v1/auth/me", Some("Basic abc"));
        assert_eq!(token(&basic), None);
        let query = parts("/api/v1/auth/me?access_token=abc", None);
        assert_eq!(token(&query), None);
        let socket = parts("/api/v1/chat/socket?x=1&access_token=a.b.c", None);
        assert_eq!(token(&socket), Some("a.b.c"));
    }

    #[test]
    fn a_role_that_is_asked_for_is_required() {
        let user = AuthUser {
            id: UserId(uuid::Uuid::nil()),
            role: Role::Student,
            mentor: None,
            expires_at: DateTime::UNIX_EPOCH,
        };
        assert!(user.require(Role::Student).is_ok());
        assert_eq!(
            user.require(Role::Mentor).unwrap_err().code(),
            Code::Forbidden
        );
    }
}
