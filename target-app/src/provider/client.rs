//! A provider over HTTP.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, redirect};
use serde_json::json;
use shared::headers::IDEMPOTENCY_KEY;

use super::{
    AttemptError, AttemptFailure, PaymentProvider, ProviderCall, ProviderOrder, ProviderReply,
};

/// Longest wait for a connection: a provider that is up answers a handshake at once.
const CONNECT: Duration = Duration::from_secs(1);

/// A provider at an address.
#[derive(Debug)]
pub struct HttpProvider {
    http: Client,
    base: String,
}

impl HttpProvider {
    /// The provider at that address, like `http://127.0.0.1:8091`.
    pub fn new(base: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client()?,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    async fn ask(&self, order: &ProviderOrder) -> Result<ProviderReply, AttemptError> {
        let reference = &order.reference;
        let path = match order.call {
            ProviderCall::Create => "/v1/intents".to_owned(),
            ProviderCall::Confirm => format!("/v1/intents/{reference}/confirm"),
            ProviderCall::Refund => format!("/v1/intents/{reference}/refund"),
        };
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header(IDEMPOTENCY_KEY, order.key())
            .json(&json!({"payment_id": order.payment, "amount_cents": order.amount}));
        let response = request.send().await.map_err(|error| failing(&error))?;
        let status = response.status();
        if status.is_success() {
            return response.json().await.map_err(|error| failing(&error));
        }
        let may_work_later = status.is_server_error() || status.as_u16() == 429;
        Err(AttemptError {
            failure: if may_work_later {
                AttemptFailure::Failing
            } else {
                AttemptFailure::Rejected
            },
            why: format!("{} answers {status}", order.call.as_str()),
        })
    }
}

impl PaymentProvider for HttpProvider {
    fn send<'a>(
        &'a self,
        order: &'a ProviderOrder,
    ) -> BoxFuture<'a, Result<ProviderReply, AttemptError>> {
        Box::pin(self.ask(order))
    }
}

/// A client that follows no redirect and repeats nothing by itself: attempts are counted by its user.
///
/// It knows the public certificate authorities itself (the webpki-roots crate): a small image has no
/// file of them, and the library's own choice is an error there, with plain HTTP too.
pub(super) fn http_client() -> Result<Client, reqwest::Error> {
    // An error means that a provider of cryptography is installed: then that one is used.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .build()
}

fn failing(error: &reqwest::Error) -> AttemptError {
    AttemptError {
        failure: AttemptFailure::Failing,
        why: error.to_string(),
    }
}
