//! People, with one method an action, over real HTTP.

use std::{
    net::{IpAddr, SocketAddr},
    ops::Deref,
    time::Duration,
};

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    api::{
        auth::{Role, Session},
        lab::{AuditRequest, ProfileView},
    },
    headers::IDEMPOTENCY_KEY,
    ids::{BookingId, MentorId, PaymentId, RecordingId, RoomId, SlotId, UserId},
    invariant::AuditReport,
    ledger::Ledger,
    page::Page,
    paths::{self, with_id},
    snapshot::Snapshot,
};

use super::{Answer, document};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// A way to an application, with the headers of whoever uses it.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

impl Client {
    /// A way without headers.
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::between(None, address)
    }

    /// The same from an address of its own.
    pub(crate) fn between(from: Option<IpAddr>, address: SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .local_address(from)
            // Only plain HTTP is sent; the certificates of the system would be read for each client.
            .tls_certs_only(std::iter::empty())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            http,
            base: format!("http://{address}"),
            headers: HeaderMap::new(),
        }
    }

    /// The same with one header more.
    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        let mut more = self.clone();
        let name: HeaderName = name.parse().unwrap();
        more.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        more
    }

    /// A request to be.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .headers(self.headers.clone())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// A `POST` without a body.
    pub(crate) async fn post_empty(&self, path: &str) -> Answer {
        send(self.request(Method::POST, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &impl Serialize) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Whether the server is ready, asked again where it is not: it gives its services less than a second for
    /// an answer, which a busy machine may not keep.
    pub(crate) async fn ready(&self) -> Answer {
        let mut answer = self.get(paths::HEALTH_READY).await;
        for _ in 0..50 {
            if answer.status == 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = self.get(paths::HEALTH_READY).await;
        }
        answer
    }

    /// The mentor list; the query as it stands behind the question mark.
    pub(crate) async fn mentors(&self, query: &str) -> Answer {
        self.get(&format!("{}?{query}", paths::MENTORS)).await
    }

    pub(crate) async fn mentor(&self, id: MentorId) -> Answer {
        self.get(&with_id(paths::MENTOR, id)).await
    }

    pub(crate) async fn availability(&self, id: MentorId, query: &str) -> Answer {
        let path = with_id(paths::MENTOR_AVAILABILITY, id);
        self.get(&format!("{path}?{query}")).await
    }

    pub(crate) async fn reviews(&self, id: MentorId, query: &str) -> Answer {
        let path = with_id(paths::MENTOR_REVIEWS, id);
        self.get(&format!("{path}?{query}")).await
    }

    /// Every item of a list that has numbered pages.
    pub(crate) async fn all_pages<T: DeserializeOwned>(&self, path: &str, per_page: u32) -> Vec<T> {
        let mut all = Vec::new();
        for number in 1.. {
            let path = format!("{path}?page={number}&per_page={per_page}");
            let page: Page<T> = self.get(&path).await.ok();
            assert!(page.items.len() <= per_page as usize);
            if page.items.is_empty() {
                assert_eq!(page.total, Some(all.len() as u64));
                break;
            }
            all.extend(page.items);
        }
        all
    }
}

/// Sends a request and reads its answer, which must be one that the API's description has.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let answer = Answer::of(client.execute(request).await.unwrap()).await;
    document::check(&method, &path, &answer);
    answer
}

/// A client that is not signed in.
pub(crate) struct Anonymous(pub(super) Client);

impl Deref for Anonymous {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Anonymous {
    /// A client, to be used as one that is not signed in.
    pub(crate) fn of(client: Client) -> Self {
        Self(client)
    }

    pub(crate) async fn register(&self, email: &str, password: &str, role: Role) -> Answer {
        let body = json!({
            "email": email, "password": password, "display_name": "Ada Stone", "role": role,
        });
        self.post(paths::AUTH_REGISTER, &body).await
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.post(paths::AUTH_LOGIN, &body).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post(paths::AUTH_REFRESH, &json!({"refresh_token": token}))
            .await
    }

    pub(crate) async fn logout(&self, token: &str) -> Answer {
        self.post(paths::AUTH_LOGOUT, &json!({"refresh_token": token}))
            .await
    }

    /// The same way with an access token.
    pub(crate) fn with_token(&self, token: &str) -> Client {
        self.with_header(header::AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// Whoever a session belongs to.
    pub(crate) fn signed_in(&self, session: &Session) -> Person {
        let token = session.tokens.access_token.clone();
        Person::new(self.0.clone(), session.user.id, token)
    }
}

/// A client that is signed in: a student, or a mentor.
#[derive(Clone)]
pub(crate) struct Person {
    client: Client,
    /// Who.
    pub(crate) id: UserId,
    /// Their access token.
    pub(crate) token: String,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Person {
    pub(super) fn new(client: Client, id: UserId, token: String) -> Self {
        let bearer = format!("Bearer {token}");
        Self {
            client: client.with_header(header::AUTHORIZATION.as_str(), &bearer),
            id,
            token,
        }
    }

    pub(crate) async fn me(&self) -> Answer {
        self.get(paths::AUTH_ME).await
    }

    pub(crate) async fn book(&self, slot: SlotId) -> Answer {
        self.post(paths::BOOKINGS, &json!({"slot_id": slot})).await
    }

    pub(crate) async fn book_with_key(&self, slot: SlotId, key: &str) -> Answer {
        self.with_header(IDEMPOTENCY_KEY, key)
            .post(paths::BOOKINGS, &json!({"slot_id": slot}))
            .await
    }

    pub(crate) async fn bookings(&self, query: &str) -> Answer {
        self.get(&format!("{}?{query}", paths::BOOKINGS)).await
    }

    pub(crate) async fn booking(&self, id: BookingId) -> Answer {
        self.get(&with_id(paths::BOOKING, id)).await
    }

    pub(crate) async fn cancel(&self, id: BookingId) -> Answer {
        let path = with_id(paths::BOOKING_CANCEL, id);
        self.post_empty(&path).await
    }

    pub(crate) async fn reschedule(&self, id: BookingId, slot: SlotId) -> Answer {
        let path = with_id(paths::BOOKING_RESCHEDULE, id);
        self.post(&path, &json!({"slot_id": slot})).await
    }

    pub(crate) async fn pay(&self, booking: BookingId) -> Answer {
        self.post(paths::PAYMENT_INTENTS, &json!({"booking_id": booking}))
            .await
    }

    pub(crate) async fn payment(&self, id: PaymentId) -> Answer {
        self.get(&with_id(paths::PAYMENT, id)).await
    }

    pub(crate) async fn confirm(&self, id: PaymentId) -> Answer {
        let path = with_id(paths::PAYMENT_CONFIRM, id);
        self.post_empty(&path).await
    }

    pub(crate) async fn refund(&self, id: PaymentId) -> Answer {
        let path = with_id(paths::PAYMENT_REFUND, id);
        self.post_empty(&path).await
    }

    /// The events of a span; the query as it stands behind the question mark.
    pub(crate) async fn calendar(&self, query: &str) -> Answer {
        self.get(&format!("{}?{query}", paths::CALENDAR)).await
    }

    pub(crate) async fn move_event(&self, slot: SlotId, starts_at: DateTime<Utc>) -> Answer {
        let path = with_id(paths::CALENDAR_EVENT, slot);
        self.patch(&path, &json!({"starts_at": starts_at})).await
    }

    pub(crate) async fn review(&self, mentor: MentorId, stars: i16, body: &str) -> Answer {
        let path = with_id(paths::MENTOR_REVIEWS, mentor);
        self.post(&path, &json!({"stars": stars, "body": body}))
            .await
    }

    pub(crate) async fn update_own(&self, changes: Value) -> Answer {
        self.patch(paths::MENTORS_ME, &changes).await
    }

    pub(crate) async fn set_active(&self, active: bool) -> Answer {
        self.put(paths::MENTORS_ME_ACTIVE, &json!({"active": active}))
            .await
    }

    pub(crate) async fn recordings(&self, query: &str) -> Answer {
        self.get(&format!("{}?{query}", paths::RECORDINGS)).await
    }

    pub(crate) async fn recording(&self, id: RecordingId) -> Answer {
        self.get(&with_id(paths::RECORDING, id)).await
    }

    pub(crate) async fn playback(&self, id: RecordingId) -> Answer {
        self.get(&with_id(paths::RECORDING_PLAYBACK, id)).await
    }

    pub(crate) async fn rooms(&self) -> Answer {
        self.get(paths::CHAT_ROOMS).await
    }

    pub(crate) async fn history(&self, room: RoomId, query: &str) -> Answer {
        let path = with_id(paths::CHAT_MESSAGES, room);
        self.get(&format!("{path}?{query}")).await
    }
}

/// Whoever has the lab token.
pub(crate) struct Lab(pub(super) Client);

impl Deref for Lab {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Lab {
    pub(crate) async fn profile(&self) -> ProfileView {
        self.get(paths::LAB_PROFILE).await.ok()
    }

    pub(crate) async fn put_profile(&self, changes: Value) -> Answer {
        self.put(paths::LAB_PROFILE, &changes).await
    }

    pub(crate) async fn reset(&self, body: Value) -> Answer {
        self.post(paths::LAB_RESET, &body).await
    }

    pub(crate) async fn audit(&self) -> AuditReport {
        send(self.request(Method::POST, paths::LAB_AUDIT))
            .await
            .ok()
    }

    /// The audit joined with a client's ledger.
    pub(crate) async fn audit_with(&self, ledger: Ledger) -> Answer {
        let request = AuditRequest {
            ledger: Some(ledger),
        };
        self.post(paths::LAB_AUDIT, &request).await
    }

    /// Fails unless every invariant holds.
    #[track_caller]
    pub(crate) fn audits_clean(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let report = self.audit().await;
            let broken: Vec<_> = report.broken().collect();
            assert!(broken.is_empty(), "at {place}: {broken:#?}");
        }
    }

    pub(crate) async fn explain(&self, operation: &str) -> Answer {
        let path = format!("{}?operation={operation}", paths::LAB_EXPLAIN);
        self.get(&path).await
    }

    pub(crate) async fn telemetry(&self) -> Snapshot {
        self.get(paths::LAB_TELEMETRY).await.ok()
    }
}

/// Does things at once and waits for all of them.
pub(crate) async fn together<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    futures_util::future::join_all(all).await
}
