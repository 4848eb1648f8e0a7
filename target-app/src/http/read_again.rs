//! Reads that a replica did not answer, once more.
//!
//! A replica cancels a statement that is in the way of what it replays, whatever the statement, and one that is lost
//! answers none of those under way. The client has done nothing wrong and cannot tell such a failure from others, so the
//! request is answered with what the primary says.

use std::future;

use axum::{body::Body, extract::Request, http::Method, middleware::Next, response::Response};

use crate::{db::Replica, error::ApiError, timing};

/// Runs a request without a body. A GET or HEAD of which the replica does not answer a statement is run again, with all
/// of its reads on the primary; others decide by what they read, and read from the primary anyway.
pub(super) async fn run(replica: &Replica, request: Request, next: Next) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::empty());
    let first = next.clone().run(Request::from_parts(parts, body));
    let lost = async {
        replica.lost().await;
        if !timing::lease_of_replica() {
            future::pending::<()>().await;
        }
    };
    let answered = tokio::select! {
        biased;
        response = first => Some(response),
        // A connection that gives no sign of its end would be waited for.
        () = lost => None,
    };
    if let Some(response) = answered {
        let failure = response.extensions().get::<ApiError>();
        if !failure.is_some_and(ApiError::is_of_replica) {
            return response;
        }
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
    async fn cancelled() -> Result<&'static str, ApiError> {
        if timing::insists_on_primary() {
            return Ok("answered");
        }
        Err(DbError::RecoveryConflict(sqlx::Error::WorkerCrashed).into())
    }

    /// The same of one on a connection that is lost.
    async fn cut() -> Result<&'static str, ApiError> {
        if timing::insists_on_primary() {
            return Ok("answered");
        }
        timing::leased(true, true);
        Err(DbError::Unavailable(sqlx::Error::WorkerCrashed).into())
    }

    /// The same of one on a connection that gives no answer.
    async fn stalled() -> &'static str {
        if !timing::insists_on_primary() {
            timing::leased(true, true);
            future::pending::<()>().await;
        }
        "answered"
    }

    /// A read that fails on the primary.
    async fn lost() -> ApiError {
        assert!(!timing::insists_on_primary(), "it was run again");
        timing::leased(true, false);
        DbError::Unavailable(sqlx::Error::WorkerCrashed).into()
    }

    async fn status(method: Method, path: &str) -> StatusCode {
        // Nothing answers there, so the replica is not usable.
        let direct = "postgres://me@127.0.0.1:1/one";
        let replica = Replica::watch(direct, direct).unwrap();
        let router = Router::new()
            .route("/cancelled", any(cancelled))
            .route("/cut", any(cut))
            .route("/stalled", any(stalled))
            .route("/lost", any(lost))
            .layer(from_fn(move |request: Request, next: Next| {
                let replica = replica.clone();
                async move { run(&replica, request, next).await }
            }));
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answered = timing::scope(Timing::default(), router.oneshot(request));
        answered.await.unwrap().status()
    }

    #[tokio::test]
    async fn a_get_that_the_replica_did_not_answer_is_answered_by_the_primary_and_no_other_is() {
        for path in ["/cancelled", "/cut", "/stalled"] {
            assert_eq!(status(Method::GET, path).await, StatusCode::OK, "{path}");
        }
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(status(Method::POST, "/cancelled").await, unavailable);
        assert_eq!(status(Method::GET, "/lost").await, unavailable);
    }
}
