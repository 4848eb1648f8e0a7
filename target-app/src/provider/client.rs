//! A provider over HTTP.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, Response, redirect};
use serde_json::json;
use shared::headers::IDEMPOTENCY_KEY;

use super::{
    AttemptError, AttemptFailure, PaymentProvider, ProviderCall, ProviderOrder, ProviderReply,
};

/// Longest wait for a connection: a provider that is up answers a handshake at once.
const CONNECT: Duration = Duration::from_secs(1);
/// Most bytes of a reply, which is a reference and little else.
const MAX_REPLY: usize = 64 * 1024;

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
            return read(response).await;
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

/// Reads a reply, and no more of it than one may have: the limit on time alone bounds no memory.
async fn read(mut response: Response) -> Result<ProviderReply, AttemptError> {
    let mut reply = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| failing(&error))? {
        if reply.len() + part.len() > MAX_REPLY {
            return Err(failing(&format!("a reply of more than {MAX_REPLY} bytes")));
        }
        reply.extend_from_slice(&part);
    }
    serde_json::from_slice(&reply).map_err(|error| failing(&error))
}

fn failing(why: &impl ToString) -> AttemptError {
    AttemptError {
        failure: AttemptFailure::Failing,
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use shared::{ids::PaymentId, money::Cents};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// What is made of a reply that has so many bytes.
    async fn reply_of(bytes: usize) -> Result<ProviderReply, AttemptError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = HttpProvider::new(&format!("http://{address}")).unwrap();
        let answer = async {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                client.read_buf(&mut request).await.unwrap();
            }
            let mut reply = r#"{"reference":"r-1"}"#.to_owned();
            reply.push_str(&" ".repeat(bytes - reply.len()));
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n");
            // Whoever has read enough hangs up.
            let _ = client.write_all(format!("{head}{reply}").as_bytes()).await;
        };
        let order = ProviderOrder {
            call: ProviderCall::Create,
            payment: PaymentId(uuid::Uuid::nil()),
            reference: String::new(),
            amount: Cents(1),
        };
        let (reply, ()) = tokio::join!(provider.ask(&order), answer);
        reply
    }

    #[tokio::test]
    async fn a_reply_is_read_and_one_that_is_too_large_is_a_failure() {
        assert_eq!(reply_of(MAX_REPLY).await.unwrap().reference, "r-1");
        let error = reply_of(MAX_REPLY + 1).await.unwrap_err();
        assert_eq!(error.failure, AttemptFailure::Failing);
    }
}
