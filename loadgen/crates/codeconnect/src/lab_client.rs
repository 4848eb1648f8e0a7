//! A client of the target's control plane: profile, reset, telemetry, audit, plans. Never on the
//! measured path: that is the driver's, with connections of its own.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::StatusCode;
use serde::de::DeserializeOwned;
use shared::{
    api::lab::{AuditRequest, Explanation, ProfileView, ResetReport, ResetRequest},
    headers::LAB_TOKEN,
    invariant::AuditReport,
    ledger::Ledger,
    paths,
    problem::Problem,
    profile::Profile,
    snapshot::Snapshot,
};

use loadgen_engine::{check::Reply, driver::generator_limit, request::Request};

/// Longest wait for an ordinary answer.
const ORDINARY: Duration = Duration::from_secs(15);
/// Longest wait for a reset: it copies a database.
const RESET: Duration = Duration::from_mins(3);
/// Longest wait for an audit: it reads all tables.
const AUDIT: Duration = Duration::from_mins(2);
/// Longest wait for a sample: a late one is worth nothing.
const SAMPLE: Duration = Duration::from_secs(3);
/// Largest answer that is read.
const MAX_BODY: usize = 16 * 1_024 * 1_024;

/// A client of one target.
#[derive(Clone)]
pub struct LabClient {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl std::fmt::Debug for LabClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LabClient")
            .field("base", &self.base)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// Why the target did not do what was asked, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The client could not be made.
    #[error("the control plane's client cannot be made: {0}")]
    Client(#[source] reqwest::Error),
    /// No connection, or no response.
    #[error("the target {base} does not answer: {why}; is it running there?")]
    Unreachable {
        /// Base URL of the target.
        base: String,
        /// What went wrong.
        why: String,
    },
    /// A limit of this process or machine left no connection.
    #[error("{0}")]
    GeneratorLimit(String),
    /// It has no lab.
    #[error(
        "the target {0} has no lab: start it with a lab token (LAB_TOKEN) and pass the same with --lab-token"
    )]
    NoLab(String),
    /// The token is not the target's.
    #[error(
        "the target {0} refuses the lab token: pass the one it was started with (--lab-token or LOADGEN_LAB_TOKEN)"
    )]
    WrongToken(String),
    /// It answered, but not with what was asked for.
    #[error("{what} failed: the target answered {status}: {detail}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// What the target says.
        detail: String,
    },
    /// The answer is of another shape: another program, or another version.
    #[error("{what}: the answer is not as documented: {why}")]
    Shape {
        /// What was asked.
        what: &'static str,
        /// What is wrong with the answer.
        why: String,
    },
}

impl LabClient {
    /// A client of the target at `base` (`http://127.0.0.1:8080`).
    pub fn new(base: &str, token: Option<String>) -> Result<Self, LabError> {
        // Only plain HTTP is spoken, but the client wants a provider all the same; a second
        // installation is refused and does no harm.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            // Without this the client wants the system's certificates, which a small container
            // does not have.
            .tls_certs_only(std::iter::empty())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(3))
            .pool_max_idle_per_host(8)
            // Shorter than any server's keep-alive, or a request could meet a closing connection.
            .pool_idle_timeout(Duration::from_secs(2))
            .build()
            .map_err(LabError::Client)?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Where the target is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether there is a token to ask the lab with.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether anybody answers.
    pub async fn live(&self) -> Result<(), LabError> {
        let reply = self
            .send(Request::get(paths::HEALTH_LIVE), ORDINARY)
            .await?;
        if reply.status < 500 {
            Ok(())
        } else {
            Err(Self::refused("the health check", &reply))
        }
    }

    /// What is in force.
    pub async fn profile(&self) -> Result<ProfileView, LabError> {
        self.lab(
            "reading the profile",
            Request::get(paths::LAB_PROFILE),
            ORDINARY,
        )
        .await
    }

    /// Database and caches back to the seeded state, and this profile put in force.
    pub async fn reset(&self, profile: &Profile) -> Result<ResetReport, LabError> {
        let body = ResetRequest {
            profile: Some(profile.clone()),
        };
        self.lab(
            "the reset",
            Request::post_json(paths::LAB_RESET, &body),
            RESET,
        )
        .await
    }

    /// What the target says of itself now.
    pub async fn telemetry(&self) -> Result<Snapshot, LabError> {
        self.lab("telemetry", Request::get(paths::LAB_TELEMETRY), SAMPLE)
            .await
    }

    /// Checks the invariants; with a ledger also those of acknowledged writes.
    pub async fn audit(&self, ledger: Option<&Ledger>) -> Result<AuditReport, LabError> {
        let request = AuditRequest {
            ledger: ledger.cloned(),
        };
        let request = Request::post_json(paths::LAB_AUDIT, &request);
        self.lab("the audit", request, AUDIT).await
    }

    /// How the statements of an operation are carried out under the profile in force.
    pub async fn explain(&self, operation: &str) -> Result<Explanation, LabError> {
        let path = format!("{}?operation={operation}", paths::LAB_EXPLAIN);
        self.lab("the explanation", Request::get(path), ORDINARY)
            .await
    }

    /// Sends any request that is not measured.
    pub async fn ask(&self, request: Request) -> Result<Reply, LabError> {
        self.send(request, ORDINARY).await
    }

    async fn lab<T: DeserializeOwned>(
        &self,
        what: &'static str,
        mut request: Request,
        limit: Duration,
    ) -> Result<T, LabError> {
        if let Some(token) = &self.token
            && let Ok(mut value) = http::HeaderValue::from_str(token)
        {
            value.set_sensitive(true);
            request = request.with(http::HeaderName::from_static(LAB_TOKEN), value);
        }
        let reply = self.send(request, limit).await?;
        match StatusCode::from_u16(reply.status) {
            Ok(StatusCode::NOT_FOUND) => Err(LabError::NoLab(self.base.clone())),
            Ok(StatusCode::UNAUTHORIZED) => Err(LabError::WrongToken(self.base.clone())),
            Ok(status) if status.is_success() => {
                serde_json::from_slice(&reply.body).map_err(|error| LabError::Shape {
                    what,
                    why: error.to_string(),
                })
            }
            _ => Err(Self::refused(what, &reply)),
        }
    }

    fn refused(what: &'static str, reply: &Reply) -> LabError {
        let detail = serde_json::from_slice::<Problem>(&reply.body).map_or_else(
            |_| {
                String::from_utf8_lossy(&reply.body)
                    .chars()
                    .take(200)
                    .collect()
            },
            |problem| format!("{}: {}", problem.code, problem.detail),
        );
        LabError::Refused {
            what,
            status: reply.status,
            detail,
        }
    }

    async fn send(&self, request: Request, limit: Duration) -> Result<Reply, LabError> {
        let unreachable = |error: reqwest::Error| match generator_limit(&error) {
            Some(limit) => LabError::GeneratorLimit(limit),
            None => LabError::Unreachable {
                base: self.base.clone(),
                why: root_cause(&error),
            },
        };
        let mut builder = self
            .client
            .request(request.method, format!("{}{}", self.base, request.path))
            .timeout(limit)
            .body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk: Bytes = chunk.map_err(unreachable)?;
            if body.len() + chunk.len() > MAX_BODY {
                return Err(LabError::Shape {
                    what: "an answer",
                    why: format!("longer than {MAX_BODY} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply::new(status, headers, body.freeze()))
    }
}

/// The innermost reason: `Connection refused`, not `error sending request`.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_target_that_is_not_there_is_told_with_its_address_and_reason() {
        // Port 1 on loopback: no process listens there.
        let control = LabClient::new("http://127.0.0.1:1/", None).unwrap();
        let error = control.live().await.unwrap_err().to_string();
        assert!(
            error.contains("http://127.0.0.1:1 does not answer"),
            "{error}"
        );
        assert!(error.to_lowercase().contains("refused"), "{error}");
        assert!(!error.contains('\n'));
    }

    #[test]
    fn the_token_is_not_told() {
        let control =
            LabClient::new("http://127.0.0.1:1", Some("sesame-sesame-00".into())).unwrap();
        assert!(!format!("{control:?}").contains("sesame"));
    }
}
