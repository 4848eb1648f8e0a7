//! reqwest instead of a bare connection: it follows redirects and keeps cookies. A request costs
//! more CPU, and the times of its connections are not recorded separately.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};

use reqwest::{Client, Error, Url, redirect::Policy, retry};

use super::{
    body_prefix::BodyPrefix,
    client_endpoint::ClientEndpoint,
    client_options::CookieClientOptions,
    failure_text::{find, plain_failure},
    generator_limit::generator_limit,
    http1_head::MAX_HEADER_LINES,
    message::{RequestFailure, message},
    resend::{is_closed, is_idempotent, was_idle},
};
use crate::{
    check::Reply,
    request::Request,
    sample::{Outcome, Sample},
    units::Nanos,
};

/// Shorter than any server's keep-alive, or a request could meet a closing connection.
const IDLE: Duration = Duration::from_secs(2);

/// The clients of one worker, by the number of their user.
#[derive(Default)]
pub(super) struct CookieClients {
    clients: RefCell<HashMap<u32, CookieClient>>,
}

/// The client of one user.
#[derive(Clone)]
struct CookieClient {
    client: Client,
    /// When it received the last response.
    answered: Rc<Cell<Option<Nanos>>>,
}

impl CookieClients {
    fn of(
        &self,
        user: u32,
        endpoint: &ClientEndpoint,
        options: CookieClientOptions,
    ) -> Result<CookieClient, RequestFailure> {
        if let Some(client) = self.clients.borrow().get(&user) {
            return Ok(client.clone());
        }
        let client = CookieClient {
            client: build(endpoint, options).map_err(|error| failure(&error))?,
            answered: Rc::default(),
        };
        // It does not say when it connects: each client counts as one connection.
        endpoint.connected();
        self.clients.borrow_mut().insert(user, client.clone());
        Ok(client)
    }

    /// Sends one request, follows its redirects, and reads the last response to its end; at most
    /// `keep` bytes of its body are kept. `sent_again` is called where it has to be sent twice.
    pub(super) async fn exchange(
        &self,
        (endpoint, options): (&ClientEndpoint, CookieClientOptions),
        user: u32,
        request: &Request,
        sample: &mut Sample,
        sent_again: impl FnOnce(),
    ) -> Result<Reply, RequestFailure> {
        let CookieClient { client, answered } = self.of(user, endpoint, options)?;
        let Some(message) = message(endpoint, request) else {
            let why = "its path is not a valid HTTP path".to_owned();
            return Err((Outcome::Dropped, why));
        };
        let idempotent = is_idempotent(request);
        let (head, _) = message.into_parts();
        let scheme = endpoint.scheme();
        let host = endpoint.host.to_str().unwrap_or_default();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let keep = request.keep;
        let request = client
            .request(head.method, format!("{scheme}://{host}{path}"))
            .headers(head.headers)
            .body(request.body.clone());
        sample.sent = endpoint.clock.now();
        let again = idempotent && was_idle(answered.get(), sample.sent);
        let again = request.try_clone().filter(|_| again);
        let mut response = match (request.send().await, again) {
            // The server closed the idle connection.
            (Err(error), Some(again)) if find(&error).is_some_and(is_closed) => {
                sent_again();
                again.send().await
            }
            (sent, _) => sent,
        }
        .map_err(|error| failure(&error))?;
        sample.first_byte = endpoint.clock.now();
        let mut body = BodyPrefix::new(keep);
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            body.push(chunk);
        }
        answered.set(Some(endpoint.clock.now()));
        let (body, bytes) = body.finish();
        Ok(Reply {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()).into(),
            cut: bytes > body.len() as u64,
            body,
            bytes,
        })
    }
}

fn build(endpoint: &ClientEndpoint, options: CookieClientOptions) -> Result<Client, Error> {
    let mut builder = Client::builder()
        .no_proxy()
        .retry(retry::never())
        .cookie_store(true)
        .http1_max_headers(MAX_HEADER_LINES)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::custom(move |attempt| {
            let origin = |url: &Url| url.origin();
            let first = attempt.previous().first().map(origin);
            // Load is sent to the allowed target only.
            if first != Some(origin(attempt.url())) {
                let to = attempt.url().origin().ascii_serialization();
                return attempt.error(format!("a redirect to another host, {to}"));
            }
            if attempt.previous().len() > options.redirects {
                return attempt.error(format!("more than {} redirects", options.redirects));
            }
            attempt.follow()
        }));
    builder = if let Some(tls) = &endpoint.client.tls {
        builder.tls_backend_preconfigured((*tls.config).clone())
    } else {
        // Plain HTTP needs no certificates, but reqwest loads some anyway; a second installation
        // of the provider is refused, which is harmless.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        builder.tls_certs_only(std::iter::empty())
    };
    let host = endpoint.host.to_str().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    builder.resolve(name, endpoint.address).build()
}

fn failure(error: &Error) -> RequestFailure {
    if let Some(limit) = generator_limit(error) {
        return (Outcome::Generator, limit);
    }
    let outcome = if error.is_connect() || error.is_builder() {
        Outcome::Connect
    } else if error.is_redirect() {
        Outcome::HttpError
    } else {
        Outcome::Reset
    };
    (outcome, plain_failure(error))
}
