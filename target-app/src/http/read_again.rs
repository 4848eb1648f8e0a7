//! Reads that a replica cancelled, once more.
//!
//! A replica cancels a statement that is in the way of what it replays, whatever the statement. Its client has done
//! nothing wrong and cannot tell such a failure from others, so the request is answered with what the primary says.

use axum::{body::Body, extract::Request, http::Method, middleware::Next, response::Response};

use crate::{error::ApiError, timing};

/// Runs a request without a body. A GET or HEAD of which the replica cancelled a statement is run again, with all
/// of its reads on the primary; others decide by what they read, and read from the primary anyway.
pub(super) async fn run(request: Request, next: Next) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::empty());
    let response = next.clone().run(Request::from_parts(parts, body)).await;
    let failure = response.extensions().get::<ApiError>();
    if !failure.is_some_and(ApiError::is_recovery_conflict) {
        return response;
    }
    timing::insist_on_primary();
    next.run(again).await
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, middleware::from_fn, routing::any};
    use tower::ServiceExt as _;

    use super::*;
    use crate::{db::DbError, timing::Timing};

    /// Answered by the primary alone, as a statement is that a replica cancels.
    async fn of_primary() -> Result<&'static str, ApiError> {
        if timing::insists_on_primary() {
            return Ok("answered");
        }
        Err(DbError::RecoveryConflict(sqlx::Error::WorkerCrashed).into())
    }

    /// A read that fails whoever answers it.
    async fn lost() -> ApiError {
        assert!(!timing::insists_on_primary(), "it was run again");
        DbError::Unavailable(sqlx::Error::WorkerCrashed).into()
    }

    async fn status(method: Method, path: &str) -> StatusCode {
        let router = Router::new()
            .route("/of-primary", any(of_primary))
            .route("/lost", any(lost))
            .layer(from_fn(run));
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answered = timing::scope(Timing::default(), router.oneshot(request));
        answered.await.unwrap().status()
    }

    #[tokio::test]
    async fn a_get_that_the_replica_cancelled_is_answered_by_the_primary_and_no_other_is_repeated()
    {
        assert_eq!(status(Method::GET, "/of-primary").await, StatusCode::OK);
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(status(Method::POST, "/of-primary").await, unavailable);
        assert_eq!(status(Method::GET, "/lost").await, unavailable);
    }
}
