//! reqwest instead of a bare connection, for what only a whole client does: it follows redirects
//! and keeps cookies. Dearer a request, and what its connections cost is not seen apart.

use std::{cell::RefCell, collections::HashMap, error::Error as _, time::Duration};

use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt as _;
use reqwest::{Client, Error, Url, redirect::Policy, retry};

use super::{
    bench::Bench,
    connection::{Failure, LARGEST_BODY, Message},
};
use crate::{
    check::Reply,
    sample::{Outcome, Sample},
};

/// Shorter than any server's keep-alive, or a request could meet a closing connection.
const IDLE: Duration = Duration::from_secs(2);

/// What a whole client does beyond one exchange. It always keeps cookies, one jar a user.
#[derive(Debug, Clone, Copy)]
pub struct Browser {
    /// Most redirects that are followed, all of them on the same host and port; a request that
    /// meets more has failed.
    pub redirects: usize,
}

/// The clients of one worker, by the number of their user.
#[derive(Default)]
pub(super) struct Clients {
    clients: RefCell<HashMap<u32, Client>>,
}

impl Clients {
    fn of(&self, user: u32, bench: &Bench, browser: Browser) -> Result<Client, Failure> {
        if let Some(client) = self.clients.borrow().get(&user) {
            return Ok(client.clone());
        }
        let client = made(bench, browser).map_err(|error| failure(&error))?;
        self.clients.borrow_mut().insert(user, client.clone());
        Ok(client)
    }
}

fn made(bench: &Bench, browser: Browser) -> Result<Client, Error> {
    let mut builder = Client::builder()
        .no_proxy()
        .retry(retry::never())
        .cookie_store(true)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::custom(move |attempt| {
            let origin = |url: &Url| url.origin();
            let first = attempt.previous().first().map(origin);
            // Load goes nowhere but where it was allowed to go.
            if first != Some(origin(attempt.url())) {
                let to = attempt.url().origin().ascii_serialization();
                return attempt.error(format!("a redirect to another host, {to}"));
            }
            if attempt.previous().len() > browser.redirects {
                return attempt.error(format!("more than {} redirects", browser.redirects));
            }
            attempt.follow()
        }));
    builder = if let Some(tls) = &bench.wire.tls {
        builder.tls_backend_preconfigured((*tls.config).clone())
    } else {
        // Plain HTTP needs no certificates, but the client looks for some all the same; a second
        // installation of the provider is refused and does no harm.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        builder.tls_certs_only(std::iter::empty())
    };
    let host = bench.host.to_str().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    builder.resolve(name, bench.target).build()
}

/// Sends one request, and whatever its answer sends it on to, and reads the last answer whole.
pub(super) async fn talk(
    bench: &Bench,
    browser: Browser,
    user: u32,
    message: &mut Option<Message>,
    sample: &mut Sample,
) -> Result<Reply, Failure> {
    let client = bench.clients.of(user, bench, browser)?;
    let Some(message) = message.take() else {
        return Err((Outcome::Dropped, "there is nothing to send".to_owned()));
    };
    let (mut head, body) = message.into_parts();
    let scheme = if bench.wire.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let host = bench.host.to_str().unwrap_or_default();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.headers.remove(header::HOST);
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let request = client
        .request(head.method, format!("{scheme}://{host}{path}"))
        .headers(head.headers)
        .body(body);
    sample.sent = bench.clock.now();
    let mut response = request.send().await.map_err(|error| failure(&error))?;
    sample.first_byte = bench.clock.now();
    let mut whole = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| failure(&error))? {
        if whole.len() + piece.len() > LARGEST_BODY {
            let why = format!("the body is longer than {LARGEST_BODY} bytes");
            return Err((Outcome::BodyMismatch, why));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Reply {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        body: Bytes::from(whole),
    })
}

fn failure(error: &Error) -> Failure {
    let outcome = if error.is_connect() || error.is_builder() {
        Outcome::Connect
    } else if error.is_redirect() {
        Outcome::HttpError
    } else if error.is_decode() {
        Outcome::BodyMismatch
    } else {
        Outcome::Reset
    };
    // The innermost says why; those around it only that something was wrong.
    let mut why = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        why = cause.to_string();
        inner = cause.source();
    }
    (outcome, why)
}
