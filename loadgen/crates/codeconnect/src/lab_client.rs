//! A client of the target's control plane: profile, reset, telemetry, audit, plans. Never on the
//! measured path: that is the driver's, with connections of its own.

use std::{net::SocketAddr, time::Duration};

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
    time::Millis,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use loadgen_engine::{
    check::Reply,
    driver::{
        Endpoint, exchange_failure, generator_limit, is_not_http1, no_response_within,
        plain_failure,
    },
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
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// A client of one process of the target.
#[derive(Clone)]
pub struct LabClient {
    client: reqwest::Client,
    /// Address that is connected to: the same as that of the load.
    address: SocketAddr,
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
    #[error("the control plane's client cannot be made: {}", plain_failure(.0))]
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
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(8)
            // Shorter than any server's keep-alive, or a request could meet a closing connection.
            .pool_idle_timeout(Duration::from_secs(2))
            .build()
            .map_err(LabError::Client)?;
        Ok(Self {
            client,
            address: endpoint.address,
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
        match self.exchange(request, limit).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(LabError::Shape {
                what: "an answer",
                why: format!("longer than {MAX_BODY} bytes"),
            }),
            Err(error) => Err(self.failure(&error, limit).await),
        }
    }

    /// Sends a request and reads its response; `None` where that is too long.
    async fn exchange(&self, request: Request, limit: Duration) -> reqwest::Result<Option<Reply>> {
        let url = format!("http://{}{}", self.address, request.path);
        let mut builder = self
            .client
            .request(request.method, url)
            .header(http::header::HOST, self.host.clone())
            .timeout(limit)
            .body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk: Bytes = chunk?;
            if body.len() + chunk.len() > MAX_BODY {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(Reply::new(status, headers, body.freeze())))
    }

    /// Why there is no response, in the words of the load.
    async fn failure(&self, error: &reqwest::Error, limit: Duration) -> LabError {
        if let Some(limit) = generator_limit(error) {
            return LabError::GeneratorLimit(limit);
        }
        let why = if error.is_timeout() && error.is_connect() {
            format!("no connection within {}", Millis::from(CONNECT))
        } else if error.is_timeout() {
            no_response_within(limit)
        } else if is_not_http1(error) {
            let first = first_byte(self.address).await;
            exchange_failure(error, first)
        } else {
            plain_failure(error)
        };
        LabError::Unreachable {
            base: self.base.clone(),
            why,
        }
    }
}

/// The first byte that a server answers a request with: by it another protocol is recognised.
async fn first_byte(address: SocketAddr) -> Option<u8> {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        stream.read_u8().await
    };
    timeout(CONNECT, ask).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{SocketAddr, TcpListener},
    };

    use super::*;

    /// Listeners at one port of the loopback addresses of IPv6 and IPv4: one that is free at the first may be
    /// taken at the other. `None` where there is no IPv6.
    fn one_port_of_two() -> Option<(TcpListener, TcpListener)> {
        for _ in 0..100 {
            let six = TcpListener::bind("[::1]:0").ok()?;
            let port = six.local_addr().unwrap().port();
            if let Ok(four) = TcpListener::bind(("127.0.0.1", port)) {
                return Some((six, four));
            }
        }
        panic!("no port is free at both addresses");
    }

    #[tokio::test]
    async fn the_control_plane_is_asked_at_the_address_of_the_load_whatever_the_name_says() {
        // Another program is at the other address of the same name and port.
        let Some((loaded, other)) = one_port_of_two() else {
            println!("skipped: there is no IPv6 here");
            return;
        };
        let address = loaded.local_addr().unwrap();
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

    /// What is said of a target that reads a request and answers with these bytes; without any it
    /// stays silent.
    async fn said_of(answer: &'static [u8], limit: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 2048];
                let _read = stream.read(&mut head);
                if answer.is_empty() {
                    kept.push(stream);
                } else {
                    let _gone = stream.write_all(answer);
                }
            }
        });
        let endpoint = endpoint(address, "a.test");
        let lab = LabClient::new(&endpoint, None).unwrap();
        let asked = lab.send(Request::get("/"), limit).await;
        let error = asked.map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the target http://a.test does not answer: "));
        error
    }

    #[tokio::test]
    async fn a_failure_has_the_sentence_that_the_load_has_for_it() {
        const LONG: Duration = Duration::from_mins(1);
        // A TLS alert: the server expected a handshake.
        let alert = b"\x15\x03\x03\x00\x02\x02\x46";
        for (answer, limit, sentence) in [
            (
                &alert[..],
                LONG,
                "the server speaks TLS on this port: use https://",
            ),
            (b"220 ready\r\n", LONG, "the response is not valid HTTP/1.1"),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n42",
                LONG,
                "the server closed the connection before the response was complete",
            ),
            (b"", Duration::from_millis(200), "no response within 200ms"),
        ] {
            let error = said_of(answer, limit).await;
            assert!(error.contains(sentence), "{sentence}: {error}");
        }
    }

    #[test]
    fn the_token_is_not_shown() {
        let nowhere = endpoint(([127, 0, 0, 1], 1).into(), "127.0.0.1:1");
        let control = LabClient::new(&nowhere, Some("sesame-sesame-00".into())).unwrap();
        assert!(!format!("{control:?}").contains("sesame"));
    }
}
