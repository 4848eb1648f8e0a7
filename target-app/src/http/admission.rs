//! The admission limiter as a layer around the handlers of the API.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::problem::Code;

use crate::{engine::Shed, error::ApiError, state::AppState, timing};

/// Runs the request once the limiter admits it, or rejects it with 503.
///
/// The body has been read in full by then, so that no slow client holds a permit. It is held until all work of the
/// request has ended, also what goes on because its client has gone: else those that hang up would be worked for
/// beyond the limit.
pub async fn admission(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // A clone, so that the request holds the limiter and not the whole engine.
    let limiter = state.engine().admission.clone();
    match limiter.acquire().await {
        Ok(permit) => timing::holding(permit, next.run(request)).await,
        Err(Shed) => ApiError::new(
            Code::Shed,
            "the server is working on as many requests as it can answer in time",
        )
        .retry_after(1)
        .into_response(),
    }
}
