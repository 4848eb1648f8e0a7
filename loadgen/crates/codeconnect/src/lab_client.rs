//! A client of the target's control plane: profile, reset, telemetry, audit, plans. Never on the
//! measured path: that is the driver's, with connections of its own.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, StatusCode};
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

use loadgen_engine::{
    check::Reply,
    driver::{Endpoint, generator_limit},
    request::Request,
};
use loadgen_experiment::system::Settings;

/// Longest wait for an ordinary answer.
const ORDINARY: Duration = Duration::from_secs(15);
/// Longest wait for a reset: it copies a database.
const RESET: Duration = Duration::from_mins(3);
/// Longest wait for an audit: it reads all tables.
const AUDIT: Duration = Duration::from_mins(2);
/// Longest wait for a sample: a later one is of no use.
const SAMPLE: Duration = Duration::from_secs(3);
/// Largest answer that is read.
const MAX_BODY: usize = 16 * 1_024 * 1_024;

/// A client of one process of the target.
#[derive(Clone)]
pub struct LabClient {
    client: reqwest::Client,
    /// Address that is connected to: the same as that of the load.
    url: String,
    /// Value of the `Host` header.
    host: HeaderValue,
    /// URL of the target, for people.
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

/// Why a request to the control plane failed, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The client could not be made.
    #[error("the control plane's client cannot be made: {0}")]
    Client(#[source] reqwest::Error),
    /// The host cannot be sent.
    #[error("`{0}` is not a valid host name")]
    Host(String),
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
    /// It answered with an error.
    #[error("{what} failed: the target answered {status}: {detail}")]
    Refused {
        /// The request.
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
    /// A client of the process at this endpoint.
    pub fn new(endpoint: &Endpoint, token: Option<String>) -> Result<Self, LabError> {
        // Only plain HTTP is sent, but the client requires a provider; a second installation is
        // refused and does no harm.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            // Without this the client requires the certificates of the system, which a small
            // container does not have.
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
            url: format!("http://{}", endpoint.address),
            host: HeaderValue::from_str(&endpoint.host)
                .map_err(|_| LabError::Host(endpoint.host.clone()))?,
            base: format!("http://{}", endpoint.host),
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

    /// Whether the target answers.
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

    /// Puts these switches in force and keeps the data; returns what is in force then.
    pub async fn switch(&self, settings: &Settings) -> Result<ProfileView, LabError> {
        let mut request = Request::post_json(paths::LAB_PROFILE, settings);
        request.method = Method::PUT;
        self.lab("switching the profile", request, RESET).await
    }

    /// The counters of the process now.
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
            && let Ok(mut value) = HeaderValue::from_str(token)
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
            .request(request.method, format!("{}{}", self.url, request.path))
            .header(http::header::HOST, self.host.clone())
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
    use std::{
        io::{Read as _, Write as _},
        net::{SocketAddr, TcpListener},
    };

    use super::*;

    #[tokio::test]
    async fn the_control_plane_is_asked_at_the_address_of_the_load_whatever_the_name_says() {
        let loaded = TcpListener::bind("[::1]:0").unwrap();
        let address = loaded.local_addr().unwrap();
        // Another program at the other address of the same name and port.
        let other = TcpListener::bind(("127.0.0.1", address.port())).unwrap();
        other.set_nonblocking(true).unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = loaded.accept().unwrap();
            let mut head = [0; 2048];
            let read = stream.read(&mut head).unwrap();
            let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(reply).unwrap();
            String::from_utf8_lossy(&head[..read]).into_owned()
        });
        let host = format!("localhost:{}", address.port());
        let lab = LabClient::new(&endpoint(address, &host), None).unwrap();
        lab.live().await.unwrap();
        let head = served.join().unwrap().to_ascii_lowercase();
        assert_eq!(head.matches("\r\nhost:").count(), 1, "{head}");
        assert!(head.contains(&format!("\r\nhost: {host}\r\n")), "{head}");
        assert!(other.accept().is_err(), "the other program was asked");
    }

    fn endpoint(address: SocketAddr, host: &str) -> Endpoint {
        Endpoint {
            address,
            host: host.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_target_that_is_not_there_is_named_with_its_address_and_reason() {
        // Port 1 on loopback: no process listens there.
        let nowhere = endpoint(([127, 0, 0, 1], 1).into(), "127.0.0.1:1");
        let control = LabClient::new(&nowhere, None).unwrap();
        let error = control.live().await.unwrap_err().to_string();
        assert!(
            error.contains("http://127.0.0.1:1 does not answer"),
            "{error}"
        );
        assert!(error.to_lowercase().contains("refused"), "{error}");
        assert!(!error.contains('\n'));
    }

    #[test]
    fn the_token_is_not_shown() {
        let nowhere = endpoint(([127, 0, 0, 1], 1).into(), "127.0.0.1:1");
        let control = LabClient::new(&nowhere, Some("sesame-sesame-00".into())).unwrap();
        assert!(!format!("{control:?}").contains("sesame"));
    }
}
