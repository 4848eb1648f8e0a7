//! The door before the handlers of the API, as `http.admission` says.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::problem::Code;

use crate::{engine::Shed, error::ApiError, state::AppState};

/// Lets the request in, after a short wait where there is one, or turns it away.
///
/// The body is here in full by then, so that no slow client keeps a place.
pub async fn admission(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // Only the door is held while the request runs: the engine itself is the handler's.
    let door = state.engine().admission.clone();
    match door.enter().await {
        Ok(_place) => next.run(request).await,
        Err(Shed) => ApiError::new(
            Code::Shed,
            "the server works on as many requests as it can answer in time",
        )
        .retry_after(1)
        .into_response(),
    }
}
