//! Sending webhooks.

use std::{sync::Arc, time::Duration};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reqwest::{Client, StatusCode};
use shared::{
    api::payments::{PaymentEvent, PaymentEventKind},
    headers::PAYMENT_SIGNATURE,
    ids::PaymentId,
    money::Cents,
};
use tokio_util::sync::CancellationToken;

use super::super::WebhookKey;
use crate::{clock::Clock, config::ProviderBehaviour};

/// Deliveries of one event; a receiver that is down for longer does not get it.
const DELIVERIES: u32 = 6;
/// Pause before the second delivery; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait for the response to a delivery.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where webhooks go and how they are signed.
pub(super) struct WebhookSender {
    /// Sends them.
    pub(super) http: Client,
    /// Where to.
    pub(super) url: String,
    /// Signs them.
    pub(super) key: WebhookKey,
    /// The time of the signatures.
    pub(super) clock: Clock,
    /// Ends pauses when the process is to end.
    pub(super) stop: CancellationToken,
}

/// A payment as its name has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamedPayment {
    pub(super) payment: PaymentId,
    /// How much.
    pub(super) amount: Cents,
}

impl NamedPayment {
    /// The name: `fake_ID_CENTS`.
    pub(super) fn name(self) -> String {
        format!("fake_{}_{}", self.payment, self.amount.0)
    }

    /// Reads a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (payment, amount) = name.strip_prefix("fake_")?.split_once('_')?;
        Some(Self {
            payment: payment.parse().ok()?,
            amount: Cents(amount.parse().ok().filter(|amount| *amount > 0)?),
        })
    }

    /// Chances of this payment: the same whenever it is asked about.
    fn rng(self, seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed ^ self.payment.0.as_u64_pair().1)
    }

    fn event(self, kind: PaymentEventKind) -> PaymentEvent {
        PaymentEvent {
            id: format!("{}-{}", self.payment, kind.as_str()),
            kind,
            payment_id: self.payment,
            amount_cents: self.amount,
        }
    }

    /// What happens to it after it was confirmed, as it is sent.
    pub(super) fn confirmed(self, behaviour: &ProviderBehaviour) -> Vec<PaymentEvent> {
        let mut rng = self.rng(behaviour.seed);
        let is_declined = rng.random_bool(behaviour.declined);
        let end = if is_declined {
            PaymentEventKind::Failed
        } else {
            PaymentEventKind::Captured
        };
        let mut events = vec![self.event(PaymentEventKind::Processing), self.event(end)];
        if rng.random_bool(behaviour.reordered) {
            events.reverse();
        }
        events
    }

    /// What happens to it after a refund was asked for.
    pub(super) fn refunded(self) -> Vec<PaymentEvent> {
        vec![self.event(PaymentEventKind::Refunded)]
    }
}

/// How one event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeliveryOptions {
    /// Before the first delivery.
    pub(super) wait: Duration,
    /// How often it is sent although it was received.
    pub(super) copies: u32,
}

/// Sends events one after another; a late one does not hold up those after it.
pub(super) async fn deliver(
    sender: Arc<WebhookSender>,
    events: Vec<(PaymentEvent, DeliveryOptions)>,
) {
    let (late, prompt): (Vec<_>, Vec<_>) = events
        .into_iter()
        .partition(|(_, options)| !options.wait.is_zero());
    for (event, options) in prompt.into_iter().chain(late) {
        if sender.pause(options.wait).await.is_none() {
            return;
        }
        for _ in 0..options.copies {
            send(&sender, &event).await;
        }
    }
}

impl WebhookSender {
    /// Waits; `None` when the process is to end.
    async fn pause(&self, wait: Duration) -> Option<()> {
        self.stop
            .run_until_cancelled(tokio::time::sleep(wait))
            .await
    }
}

/// Whether an event that was answered so may be received when it is sent again: its receiver could not yet, or lost a
/// race. What it refuses for another reason it refuses again.
fn may_be_received_later(status: StatusCode) -> bool {
    let not_yet = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_server_error() || not_yet.contains(&status)
}

/// Sends an event until it is received, or often enough.
async fn send(sender: &WebhookSender, event: &PaymentEvent) {
    let body = serde_json::to_vec(event).expect("ids, words and numbers are always JSON");
    let mut pause = FIRST_PAUSE;
    for delivery in 1..=DELIVERIES {
        let signature = sender.key.sign(&body, sender.clock.now());
        let request = sender
            .http
            .post(&sender.url)
            .header(PAYMENT_SIGNATURE, signature)
            .header(http::header::CONTENT_TYPE, "application/json")
            .timeout(RESPONSE_TIMEOUT)
            .body(body.clone());
        let answer = sender.stop.run_until_cancelled(request.send()).await;
        let why = match answer {
            None => return,
            Some(Ok(answer)) if !may_be_received_later(answer.status()) => return,
            Some(Ok(answer)) => answer.status().to_string(),
            Some(Err(error)) => error.to_string(),
        };
        if delivery == DELIVERIES {
            tracing::warn!(event = event.id, why, "a webhook was given up");
        } else if sender.pause(pause).await.is_none() {
            return;
        }
        pause *= 2;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use axum::{Router, routing::post};
    use tokio::net::TcpListener;

    use super::*;
    use crate::provider::client::http_client;

    /// How often an event is sent to a receiver that answers with these statuses, one after the other.
    async fn sent_to(statuses: &'static [StatusCode]) -> usize {
        let received = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&received);
        let answer = move || {
            let before = count.fetch_add(1, Relaxed);
            std::future::ready(statuses.get(before).copied().unwrap_or(StatusCode::OK))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let routes = Router::new().route("/", post(answer));
        let serving = tokio::spawn(axum::serve(listener, routes).into_future());
        let sender = WebhookSender {
            http: http_client().unwrap(),
            url,
            key: WebhookKey::new(&"a secret of webhooks".to_owned().into()),
            clock: Clock::system(),
            stop: CancellationToken::new(),
        };
        send(&sender, &named(7).event(PaymentEventKind::Captured)).await;
        serving.abort();
        received.load(Relaxed)
    }

    #[tokio::test]
    async fn what_its_receiver_could_not_take_yet_is_sent_again_and_what_it_refuses_is_not() {
        // `contention` asks for it: a capture that came to a busy booking would be lost.
        assert_eq!(sent_to(&[StatusCode::CONFLICT]).await, 2);
        let busy = &[
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        assert_eq!(sent_to(busy).await, 3);
        for refused in [&[StatusCode::NOT_FOUND], &[StatusCode::FORBIDDEN]] {
            assert_eq!(sent_to(refused).await, 1);
        }
        assert_eq!(sent_to(&[]).await, 1);
    }

    fn named(n: u128) -> NamedPayment {
        NamedPayment {
            payment: PaymentId(uuid::Uuid::from_u128(n)),
            amount: Cents(4_500),
        }
    }

    #[test]
    fn a_name_reads_back_and_nothing_else_is_one() {
        assert_eq!(NamedPayment::of(&named(7).name()), Some(named(7)));
        for other in [
            "",
            "fake_",
            "fake_x_5",
            "fake_00000000-0000-0000-0000-000000000007_-5",
        ] {
            assert_eq!(NamedPayment::of(other), None, "{other}");
        }
    }

    #[test]
    fn a_payment_that_is_confirmed_again_has_the_same_events() {
        let behaviour = ProviderBehaviour {
            declined: 0.5,
            reordered: 0.5,
            ..ProviderBehaviour::default()
        };
        let mut declined = 0;
        for n in 0..100 {
            let events = named(n).confirmed(&behaviour);
            assert_eq!(events, named(n).confirmed(&behaviour));
            declined += u32::from(
                events
                    .iter()
                    .any(|one| one.kind == PaymentEventKind::Failed),
            );
        }
        assert!((20..80).contains(&declined), "{declined}");
    }
}
