//! Failures as the API tells them: the one place that turns errors into problem bodies and logs them.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::problem::{CONTENT_TYPE, Code, Problem};

use crate::{
    db::{DbError, LostRace, Retryable},
    security::{HashError, TokenError},
    timing,
};

static REFUSALS: Sparsely = Sparsely {
    last: Mutex::new(None),
    unlogged: AtomicU64::new(0),
};

/// Lets one line a second into the log, and counts the others.
struct Sparsely {
    last: Mutex<Option<Instant>>,
    unlogged: AtomicU64,
}

impl Sparsely {
    /// How many turns were let pass since the last one; `None` when this one is, too.
    fn take_turn(&self) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < Duration::from_secs(1)) {
            self.unlogged.fetch_add(1, Relaxed);
            return None;
        }
        *last = Some(Instant::now());
        Some(self.unlogged.swap(0, Relaxed))
    }
}

/// Why a request failed.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: Code,
    detail: String,
    retry_after: Option<u64>,
    content_range: Option<u64>,
    source: Option<Arc<anyhow::Error>>,
}

impl ApiError {
    /// A service or a disk that this server needs does not do its part now; the client may try again in a second.
    pub fn unavailable(detail: &str) -> Self {
        Self::new(Code::Unavailable, detail).retry_after(1)
    }

    /// A failure of one kind; `detail` is for people and reaches the client.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
            content_range: None,
            source: None,
        }
    }

    /// A field that is out of range: which, and what would be right.
    pub fn invalid(field: &str, right: &str) -> Self {
        Self::new(Code::InvalidRequest, format!("`{field}`: {right}"))
    }

    /// Nothing under that name: `mentor`, `booking`.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("no such {what}"))
    }

    /// A fault of ours; `source` goes into the log, never to the client.
    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        Self::new(Code::Internal, "the request id finds this in the log").caused_by(source)
    }

    /// Tells the client how many seconds to wait before it tries again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Tells the client how many bytes there are, where it asked for others.
    #[must_use]
    pub fn content_range(mut self, length: u64) -> Self {
        self.content_range = Some(length);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(Arc::new(source.into()));
        self
    }

    /// The stable code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Whether the replica failed to answer a read of the current request, which the primary would have answered.
    pub fn is_of_replica(&self) -> bool {
        match self.db() {
            Some(DbError::RecoveryConflict(_)) => true,
            Some(DbError::Unavailable(_) | DbError::StaleStatement(_)) => {
                timing::lease_of_replica()
            }
            _ => false,
        }
    }

    /// The failure of the database that it comes from, if it does.
    fn db(&self) -> Option<&DbError> {
        self.source.as_ref()?.downcast_ref()
    }

    /// What was wrong this time, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer, naming the request; failures of the server are logged here, once.
    pub fn respond(&self, request_id: &str, method: &Method, path: &str) -> Response {
        if self.code.status() >= 500 {
            self.log(request_id, method, path);
        }
        self.shape(Some(request_id.to_owned()))
    }

    /// Logs what a frame of a socket was answered with, unless its client is to blame.
    pub fn log_frame(&self) {
        if self.code.status() < 500 {
            return;
        }
        let (code, detail, cause) = (self.code.as_str(), &self.detail, self.cause_text());
        if !self.hits_all() {
            tracing::error!(code, detail, cause, "frame failed");
        } else if let Some(unlogged) = REFUSALS.take_turn() {
            tracing::warn!(code, detail, cause, unlogged, "frame refused");
        }
    }

    fn log(&self, request_id: &str, method: &Method, path: &str) {
        let (code, detail, cause) = (self.code.as_str(), &self.detail, self.cause_text());
        if !self.hits_all() {
            tracing::error!(request.id = request_id, %method, path, code, detail, cause, "request failed");
        } else if let Some(unlogged) = REFUSALS.take_turn() {
            tracing::warn!(request.id = request_id, %method, path, code, detail, cause, unlogged, "request refused");
        }
    }

    /// Whether it is overload or an outage, which hits every request: one line a second tells as much as all.
    const fn hits_all(&self) -> bool {
        matches!(
            self.code,
            Code::Overloaded | Code::Shed | Code::Timeout | Code::Unavailable
        )
    }

    fn cause_text(&self) -> String {
        let source = self.source.as_ref();
        source.map_or_else(String::new, |cause| format!("{cause:#}"))
    }

    fn shape(&self, request_id: Option<String>) -> Response {
        let mut problem = Problem::new(self.code, self.detail.as_str());
        problem.request_id = request_id;
        let body = serde_json::to_vec(&problem).expect("a problem is strings and numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.code.status())
            .expect("a test of `shared` holds every code between 400 and 599");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(length) = self.content_range {
            let range =
                HeaderValue::try_from(format!("bytes */{length}")).expect("digits and punctuation");
            headers.insert(header::CONTENT_RANGE, range);
        }
        if self.code.status() == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// The answer without a request id; the outer layer finds the error in the extensions
    /// and answers with [`respond`](ApiError::respond) in its place.
    fn into_response(self) -> Response {
        let mut response = self.shape(None);
        response.extensions_mut().insert(self);
        response
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        match &self.source {
            Some(cause) => write!(f, ": {cause:#}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApiError {}

impl Retryable for ApiError {
    fn lost_race(&self) -> Option<LostRace> {
        self.db().and_then(Retryable::lost_race)
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::PoolTimeout => Self::new(
                Code::Overloaded,
                "no database connection became free in time",
            )
            .retry_after(1),
            DbError::Serialization(_) => Self::new(
                Code::Contention,
                "another change came first; send the request again",
            )
            .caused_by(error),
            DbError::RecoveryConflict(_) => Self::unavailable(
                "the replica could not go on with the read; send the request again",
            )
            .caused_by(error),
            DbError::StatementTimeout(_) => {
                Self::new(Code::Timeout, "the database took too long").caused_by(error)
            }
            DbError::Unavailable(_) => {
                Self::unavailable("the database does not answer").caused_by(error)
            }
            DbError::NoSpace(_) => {
                Self::unavailable("the database has no space left").caused_by(error)
            }
            DbError::ReadOnly(_) => {
                Self::unavailable("the database takes no writes now").caused_by(error)
            }
            DbError::StaleStatement(_) => {
                Self::unavailable("a table of the database has changed; send the request again")
                    .caused_by(error)
            }
            DbError::Constraint { .. } | DbError::Other(_) => Self::internal(error),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::new(
                Code::Overloaded,
                "too many passwords are waiting to be checked",
            )
            .retry_after(1),
            HashError::Malformed | HashError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::new(Code::Unauthenticated, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn problem(response: Response) -> Problem {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn every_code_is_answered_with_its_status_and_body() {
        for &code in Code::ALL {
            let response = ApiError::new(code, "why").respond("r-1", &Method::GET, "/");
            assert_eq!(response.status().as_u16(), code.status());
            assert_eq!(response.headers()[header::CONTENT_TYPE], CONTENT_TYPE);
            let body = problem(response).await;
            assert_eq!((body.code, body.detail.as_str()), (code, "why"));
            assert_eq!(body.request_id.as_deref(), Some("r-1"));
        }
    }

    #[tokio::test]
    async fn a_dry_pool_is_overload_and_a_lost_or_full_database_is_unavailable() {
        let dry = ApiError::from(DbError::PoolTimeout);
        assert_eq!(dry.code(), Code::Overloaded);
        let response = dry.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let lost = ApiError::from(DbError::from(sqlx::Error::PoolClosed));
        assert_eq!(lost.code(), Code::Unavailable);
        let full = ApiError::from(DbError::NoSpace(sqlx::Error::WorkerCrashed));
        assert_eq!(full.code(), Code::Unavailable);
    }

    #[tokio::test]
    async fn the_cause_of_an_internal_failure_never_reaches_the_client() {
        let error = ApiError::internal(anyhow::anyhow!("password of the database is 1234"));
        let body = problem(error.respond("r-2", &Method::GET, "/")).await;
        assert_eq!(body.code, Code::Internal);
        assert!(!body.detail.contains("1234"));
    }

    #[test]
    fn an_outage_is_logged_once_a_second_with_the_number_of_the_others() {
        let log = Sparsely {
            last: Mutex::new(None),
            unlogged: AtomicU64::new(0),
        };
        assert_eq!(log.take_turn(), Some(0));
        assert_eq!(log.take_turn(), None);
        assert_eq!(log.take_turn(), None);
        *log.last.lock().unwrap() = Instant::now().checked_sub(Duration::from_secs(2));
        assert_eq!(log.take_turn(), Some(2));
    }

    /// Counts the lines of a log.
    #[derive(Clone, Default)]
    struct LineCount(Arc<AtomicU64>);

    impl tracing::Subscriber for LineCount {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, Relaxed);
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn frames_that_an_outage_refuses_are_no_line_each_and_faults_are() {
        let lines = |code: Code| {
            let count = LineCount::default();
            tracing::subscriber::with_default(count.clone(), || {
                for _ in 0..1_000 {
                    ApiError::new(code, "why").log_frame();
                }
            });
            count.0.load(Relaxed)
        };
        for code in [Code::Unavailable, Code::Timeout, Code::Overloaded] {
            assert!(lines(code) < 100, "{code}");
        }
        assert_eq!(lines(Code::Internal), 1_000);
        assert_eq!(lines(Code::InvalidRequest), 0);
    }

    #[test]
    fn a_lost_race_stays_visible_through_the_api_error() {
        let lost = ApiError::from(DbError::Serialization(sqlx::Error::WorkerCrashed));
        assert_eq!(lost.code(), Code::Contention);
        assert_eq!(lost.lost_race(), Some(LostRace::Serialization));
        assert_eq!(ApiError::new(Code::Contention, "by rule").lost_race(), None);
    }
}
