//! `/api/v1/auth`: extract, call, shape the response.

use axum::{extract::State, response::IntoResponse};
use http::StatusCode;
use shared::{
    api::auth::{LoginRequest, RefreshRequest, RegisterRequest, Session, TokenPair, UserView},
    paths,
    problem::Problem,
};

use super::{AuthUser, client_limit, service};
use crate::{
    error::ApiError,
    http::{Current, Json},
    security::ClientAddress,
    state::AppState,
};

/// Create an account and sign it in.
///
/// A mentor's profile is made along; it is off the list until its owner puts it on. A client that registers more
/// than a thousand accounts in a minute has to wait, unless the server is configured otherwise.
#[utoipa::path(
    post,
    path = paths::AUTH_REGISTER,
    operation_id = "auth.register",
    tag = "auth",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The account, signed in", body = Session),
        (status = 409, description = "`email_taken`", body = Problem),
        (status = 422, description = "`invalid_request`: a password of more than 72 bytes, a name with control characters, or no address of mail", body = Problem),
        (status = 429, description = "`too_many_attempts`; `Retry-After` says how long", body = Problem),
    ),
)]
pub(super) async fn register(
    State(state): State<AppState>,
    client: ClientAddress,
    Current(engine): Current,
    Json(body): Json<RegisterRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let new = body.try_into()?;
    let place = client_limit::take_registration(client, state.max_registrations()).await?;
    let session = service::register(&state, engine, place, new).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

/// Trade e-mail and password for tokens.
///
/// After five attempts in a row without a success an address is locked for 60 seconds, whether or not
/// it has an account; a client that fails a thousand times in a minute has to wait, too.
#[utoipa::path(
    post,
    path = paths::AUTH_LOGIN,
    operation_id = "auth.login",
    tag = "auth",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Who signed in, and the tokens", body = Session),
        (status = 401, description = "`bad_credentials`; the response does not say which of the two", body = Problem),
        (status = 422, description = "`invalid_request`: a password of more than 72 bytes, or no address of mail", body = Problem),
        (status = 429, description = "`too_many_attempts`; `Retry-After` says how long", body = Problem),
    ),
)]
pub(super) async fn login(
    State(state): State<AppState>,
    client: ClientAddress,
    Current(engine): Current,
    Json(body): Json<LoginRequest>,
) -> Result<Json<Session>, ApiError> {
    let place = client_limit::take_sign_in(client).await?;
    let session = service::login(&state, &engine, place, body.try_into()?).await?;
    Ok(Json(session))
}

/// Trade a refresh token for new tokens.
///
/// A token is good for one refresh; using it again revokes every token of its sign-in.
#[utoipa::path(
    post,
    path = paths::AUTH_REFRESH,
    operation_id = "auth.refresh",
    tag = "auth",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "New tokens", body = TokenPair),
        (status = 401, description = "`refresh_reused`, or `unauthenticated` for a token that is unknown, expired or revoked", body = Problem),
    ),
)]
pub(super) async fn refresh(
    State(state): State<AppState>,
    Current(engine): Current,
    Json(body): Json<RefreshRequest>,
) -> Result<Json<TokenPair>, ApiError> {
    let tokens = service::refresh(&state, &engine, &body.refresh_token).await?;
    Ok(Json(tokens))
}

/// Revoke a refresh token and all that descend from the same sign-in.
///
/// Access tokens stay good until they expire. Doing it twice does no harm.
#[utoipa::path(
    post,
    path = paths::AUTH_LOGOUT,
    operation_id = "auth.logout",
    tag = "auth",
    request_body = RefreshRequest,
    responses((status = 204, description = "No token of that sign-in can be refreshed any more")),
)]
pub(super) async fn logout(
    State(state): State<AppState>,
    Current(engine): Current,
    Json(body): Json<RefreshRequest>,
) -> Result<StatusCode, ApiError> {
    service::logout(&state, &engine, &body.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who am I?
#[utoipa::path(
    get,
    path = paths::AUTH_ME,
    operation_id = "auth.me",
    tag = "auth",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The signed-in person", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
    ),
)]
pub(super) async fn me(
    user: AuthUser,
    Current(engine): Current,
) -> Result<Json<UserView>, ApiError> {
    Ok(Json(service::me(&engine, user.id).await?))
}
