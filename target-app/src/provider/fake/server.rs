//! The calls that it answers.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    routing::post,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use shared::{api::payments::PaymentEvent, ids::PaymentId, money::Cents};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    super::{ProviderReply, WebhookKey, client::http_client},
    delivery::{self, DeliveryOptions, NamedPayment, WebhookSender},
};
use crate::{clock::Clock, config::ProviderBehaviour};

/// Payments whose webhooks are being sent at once; beyond them calls are answered with 503.
const AT_ONCE: usize = 4_096;
/// Largest body of a call.
const MAX_BODY: usize = 4_096;

/// A provider that takes no money, listening.
pub struct FakeProvider {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<FakeProviderState>,
}

struct FakeProviderState {
    behaviour: ProviderBehaviour,
    chances: Mutex<ChaCha8Rng>,
    sender: Arc<WebhookSender>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
}

#[derive(Deserialize)]
struct CallBody {
    payment_id: PaymentId,
    amount_cents: Cents,
}

impl FakeProvider {
    /// Listens at `listen`, and will send its webhooks to `webhooks` until `stop`.
    pub async fn bind(
        listen: SocketAddr,
        webhooks: String,
        key: WebhookKey,
        clock: Clock,
        behaviour: ProviderBehaviour,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let http = http_client().map_err(io::Error::other)?;
        let state = FakeProviderState {
            chances: Mutex::new(ChaCha8Rng::seed_from_u64(behaviour.seed)),
            behaviour,
            sender: Arc::new(WebhookSender {
                http,
                url: webhooks,
                key,
                clock,
                stop,
            }),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            tasks: TaskTracker::new(),
        };
        Ok(Self {
            listener,
            address,
            state: Arc::new(state),
        })
    }

    /// Where it listens; the port is the real one also where 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers calls until it is to stop; then what is being sent is sent or given up.
    pub async fn run(self) {
        let stop = self.state.sender.stop.clone();
        let routes = Router::new()
            .route("/v1/intents", post(create))
            .route("/v1/intents/{name}/confirm", post(confirm))
            .route("/v1/intents/{name}/refund", post(refund))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::clone(&self.state));
        let served = axum::serve(self.listener, routes);
        if let Some(Err(error)) = stop.run_until_cancelled(served.into_future()).await {
            tracing::error!(%error, "the payment provider of this process ended");
        }
        self.state.tasks.close();
        self.state.tasks.wait().await;
    }
}

impl FakeProviderState {
    fn chance(&self, share: f64) -> bool {
        let mut chances = self.chances.lock().unwrap_or_else(PoisonError::into_inner);
        chances.random_bool(share)
    }

    /// Takes the time of a call, and fails as often as it is to.
    async fn work(&self) -> Result<(), StatusCode> {
        tokio::time::sleep(self.behaviour.latency.duration()).await;
        if self.chance(self.behaviour.failure) {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        Ok(())
    }

    /// Sends events on its own time.
    fn send(&self, events: Vec<PaymentEvent>) -> Result<(), StatusCode> {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        };
        let events = events.into_iter().map(|event| {
            let wait = if self.chance(self.behaviour.late) {
                self.behaviour.late_by.duration()
            } else {
                Duration::ZERO
            };
            let copies = 1 + u32::from(self.chance(self.behaviour.duplicates));
            (event, DeliveryOptions { wait, copies })
        });
        let (events, sender) = (events.collect(), Arc::clone(&self.sender));
        self.tasks.spawn(async move {
            delivery::deliver(sender, events).await;
            drop(place);
        });
        Ok(())
    }
}

type FakeAnswer = Result<Json<ProviderReply>, StatusCode>;

async fn create(
    State(state): State<Arc<FakeProviderState>>,
    Json(call): Json<CallBody>,
) -> FakeAnswer {
    state.work().await?;
    let named = NamedPayment {
        payment: call.payment_id,
        amount: call.amount_cents,
    };
    let reference = named.name();
    // A name that could not be read again would be of an amount that is not money.
    if NamedPayment::of(&reference).is_none() {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(Json(ProviderReply { reference }))
}

async fn confirm(
    State(state): State<Arc<FakeProviderState>>,
    Path(name): Path<String>,
) -> FakeAnswer {
    state.work().await?;
    let named = NamedPayment::of(&name).ok_or(StatusCode::NOT_FOUND)?;
    state.send(named.confirmed(&state.behaviour))?;
    Ok(Json(ProviderReply { reference: name }))
}

async fn refund(
    State(state): State<Arc<FakeProviderState>>,
    Path(name): Path<String>,
) -> FakeAnswer {
    state.work().await?;
    let named = NamedPayment::of(&name).ok_or(StatusCode::NOT_FOUND)?;
    state.send(named.refunded())?;
    Ok(Json(ProviderReply { reference: name }))
}
