//! The address that a request came from.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{error::ApiError, security::ClientAddress, state::AppState};

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .copied()
            .ok_or_else(|| ApiError::internal(anyhow::anyhow!("the connection set no address")))
    }
}
