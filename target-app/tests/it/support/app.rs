//! An application on a free port, with a database, a Redis database and a clock of its own.

use std::{
    fmt::Debug,
    net::{IpAddr, SocketAddr},
    ops::RangeBounds,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Method;
use shared::{
    api::{auth::Role, payments::PaymentEvent},
    dataset::{self, RowKind},
    headers::PAYMENT_SIGNATURE,
    ids::UserId,
    paths,
    profile::Profile,
    time::Millis,
};
use target_app::{
    app::AppServer,
    clock::Clock,
    config::{
        ClientLimits, Config, LabHosts, LogFormat, PaymentSettings, ProviderBehaviour, Retention,
    },
    db::database,
    features,
    provider::WebhookKey,
    shutdown::Shutdown,
    state::AppState,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::timeout,
};

use super::{
    Anonymous, Answer, Client, Lab, Person, ReplicaTurn, TestDb,
    db::{at_address, at_database},
    redis_database::RedisDatabase,
    send, services, student_id,
};

/// Admits to the control plane of every test's application.
pub(crate) const LAB_TOKEN: &str = "lab-token-of-the-tests";
/// Signs the webhooks of every test's application.
pub(crate) const WEBHOOK_SECRET: &str = "webhook-secret-of-the-tests";
/// Applications at once: with ten connections each, PostgreSQL's own limit is far away.
const LIVE: usize = 4;
/// Longest wait for an application's end, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// The profile of the tests: `after` with a small pool, a cheap hash and the patience that a
/// busy machine needs, then `settings`.
pub(super) fn test_profile(settings: &[String]) -> Profile {
    let mut profile = Profile::after();
    let ours = [
        "pool.max=10",
        "pool.min=0",
        "pool.acquire_timeout=30s",
        "auth.hash=bcrypt(4)",
        "db.statement_timeout=30s",
    ];
    for setting in ours.into_iter().chain(settings.iter().map(String::as_str)) {
        profile.apply(setting).unwrap();
    }
    profile
}

/// Where the seeded recordings lie; all tests read the same files.
pub(crate) fn media_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("media")
}

/// An application to be.
pub(crate) struct Setup {
    settings: Vec<String>,
    lab: bool,
    lab_hosts: Vec<String>,
    snapshot: bool,
    clock: Clock,
    redis_at: Option<SocketAddr>,
    statements: Vec<String>,
    connections: ClientLimits,
    purge_interval: Option<Duration>,
    retention: Retention,
    payments: PaymentSettings,
    pooler: Option<String>,
    replica: Option<String>,
    turn: Option<ReplicaTurn>,
}

impl Setup {
    /// With the values of every kind cached there.
    pub(crate) fn with_every_cache(mut self, store: &str) -> Self {
        let kinds = features::registry();
        let kinds = kinds.cache_kinds();
        self.settings
            .extend(kinds.map(|kind| format!("cache.{}={store}", kind.name)));
        self
    }

    /// Without a lab token.
    pub(crate) fn without_lab(mut self) -> Self {
        self.lab = false;
        self
    }

    /// With a control plane that may be called by these names too.
    pub(crate) fn with_lab_hosts(mut self, names: &[&str]) -> Self {
        self.lab_hosts = names.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// With the copy that a reset goes back to.
    pub(crate) fn with_snapshot(mut self) -> Self {
        self.snapshot = true;
        self
    }

    /// With a clock that the test moves.
    pub(crate) fn with_clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// With a Redis behind another address than the tests' own.
    pub(crate) fn with_redis_at(mut self, address: SocketAddr) -> Self {
        self.redis_at = Some(address);
        self
    }

    /// With other limits of connections.
    pub(crate) fn with_connections(mut self, limits: ClientLimits) -> Self {
        self.connections = limits;
        self
    }

    /// With a purge every so often.
    pub(crate) fn with_purge_every(mut self, interval: Duration) -> Self {
        self.purge_interval = Some(interval);
        self
    }

    /// With rows kept for other times.
    pub(crate) fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// With a payment provider that behaves like that.
    pub(crate) fn with_provider(mut self, behaviour: ProviderBehaviour) -> Self {
        self.payments.behaviour = behaviour;
        self
    }

    /// With a payment provider elsewhere.
    pub(crate) fn with_provider_at(mut self, url: &str) -> Self {
        self.payments.provider_url = Some(url.to_owned());
        self
    }

    /// With another time between two rounds of the worker of payments.
    pub(crate) fn with_payment_interval(mut self, interval: Duration) -> Self {
        self.payments.interval = interval;
        self
    }

    /// With PgBouncer in its configuration.
    pub(crate) fn with_pooler(mut self) -> Self {
        self.pooler = Some(services().pgbouncer_url);
        self
    }

    /// With the replica of the tests in its configuration.
    pub(crate) fn with_replica(mut self) -> Self {
        self.replica = Some(services().replica_url().to_owned());
        self
    }

    /// With a replica at another address than that of the tests.
    pub(crate) fn with_replica_at(mut self, address: SocketAddr) -> Self {
        self.replica = Some(at_address(services().replica_url(), address));
        self
    }

    /// With the replica in a turn that the test has already, for another application too.
    pub(crate) fn in_turn(mut self, turn: &ReplicaTurn) -> Self {
        self.turn = Some(turn.clone());
        self
    }

    /// With a statement run on its database before it starts.
    pub(crate) fn after_sql(mut self, sql: &str) -> Self {
        self.statements.push(sql.to_owned());
        self
    }

    /// The application, listening.
    pub(crate) async fn start(mut self) -> TestApp {
        // Before the permit: whoever has the replica may be waiting for one.
        if self.replica.is_some() && self.turn.is_none() {
            self.turn = Some(ReplicaTurn::take().await);
        }
        let permit = permit().await;
        let db = TestDb::seeded().await;
        for sql in &self.statements {
            db.execute(&sql.replace("DATABASE", db.name())).await;
        }
        if self.snapshot {
            // No client may be connected while the copy is made.
            let db = db.quiet().await;
            database::snapshot(db.url()).await.unwrap();
            return Box::pin(self.start_on(db, permit)).await;
        }
        Box::pin(self.start_on(db, permit)).await
    }

    /// The same on a database that the test has made.
    pub(crate) async fn start_with(self, db: TestDb) -> TestApp {
        Box::pin(self.start_on(db, permit().await)).await
    }

    fn config(&self, db: &TestDb, redis: &RedisDatabase) -> Config {
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        Config {
            database_url: db.url().to_owned().into(),
            pgbouncer_url: self
                .pooler
                .as_deref()
                .map(|url| at_database(url, db.name()).into()),
            replica_url: self
                .replica
                .as_deref()
                .map(|url| at_database(url, db.name()).into()),
            redis_url: redis.url_at(self.redis_at).into(),
            listen,
            lab_token: self.lab.then(|| LAB_TOKEN.to_owned().into()),
            lab_hosts: LabHosts::new(listen.ip(), &self.lab_hosts).unwrap(),
            jwt_secret: "a secret of the tests, thirty-two bytes long"
                .to_owned()
                .into(),
            jwt_secret_is_random: false,
            media_dir: media_dir(),
            // One of its own: a sweep removes what its database does not have.
            upload_dir: media_dir()
                .join("uploads")
                .join(uuid::Uuid::now_v7().to_string()),
            // As where nothing else is given.
            max_upload_bytes: 1_024 * 1_024,
            connections: self.connections,
            profile: test_profile(&self.settings),
            purge_interval: self.purge_interval,
            retention: self.retention,
            payments: self.payments.clone(),
            log_format: LogFormat::Text,
        }
    }

    async fn start_on(self, db: TestDb, permit: OwnedSemaphorePermit) -> TestApp {
        let redis = RedisDatabase::lease().await;
        let config = self.config(&db, &redis);
        let clock = self.clock;
        let built = AppServer::build_with(config.clone(), clock);
        let begun = Instant::now();
        let app = Box::pin(built).await.unwrap();
        let built_in = begun.elapsed();
        let (address, state, shutdown) = (app.address(), app.state().clone(), app.shutdown());
        TestApp {
            client: Client::to(address),
            address,
            state,
            built_in,
            shutdown,
            server: tokio::spawn(app.run_until_stopped()),
            db,
            config,
            _turn: self.turn,
            redis,
            _permit: permit,
        }
    }
}

/// A second instance of an application, on the same database and Redis.
pub(crate) struct Sibling {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    client: Client,
    shutdown: Shutdown,
    server: JoinHandle<()>,
}

impl Sibling {
    /// A client that is not signed in.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous(self.client.clone())
    }

    /// The same person, who sends to this instance.
    pub(crate) fn person(&self, known: &Person) -> Person {
        Person::new(self.client.clone(), known.id, known.token.clone())
    }

    /// Whoever has the lab token.
    pub(crate) fn lab(&self) -> Lab {
        Lab(self.client.with_header("x-lab-token", LAB_TOKEN))
    }

    /// Says that it is to stop.
    pub(crate) fn stop(&self) {
        self.shutdown.stop();
    }

    /// Stops it; before its application is finished.
    pub(crate) async fn finish(self) {
        self.stop();
        timeout(PATIENCE, self.server)
            .await
            .expect("the second instance stops in time")
            .unwrap();
    }
}

/// An application under test.
pub(crate) struct TestApp {
    /// Its database, past itself.
    pub(crate) db: TestDb,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What its handlers share.
    pub(crate) state: AppState,
    /// How long it took to be built, without the wait for its turn.
    pub(crate) built_in: Duration,
    client: Client,
    shutdown: Shutdown,
    server: JoinHandle<()>,
    config: Config,
    /// The replica is this test's until its application is gone.
    _turn: Option<ReplicaTurn>,
    redis: RedisDatabase,
    _permit: OwnedSemaphorePermit,
}

impl TestApp {
    /// An application with the tests' profile.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).start().await
    }

    /// An application with some switches set.
    pub(crate) fn with(settings: &[&str]) -> Setup {
        Setup {
            settings: settings.iter().map(|&text| text.to_owned()).collect(),
            lab: true,
            lab_hosts: Vec::new(),
            snapshot: false,
            clock: Clock::system(),
            redis_at: None,
            statements: Vec::new(),
            connections: ClientLimits::default(),
            purge_interval: None,
            retention: Retention::default(),
            payments: PaymentSettings {
                provider_url: None,
                webhook_secret: WEBHOOK_SECRET.to_owned().into(),
                interval: Duration::from_millis(100),
                behaviour: ProviderBehaviour {
                    latency: Millis(1),
                    ..ProviderBehaviour::default()
                },
            },
            pooler: None,
            replica: None,
            turn: None,
        }
    }

    /// A client that is not signed in.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous(self.client.clone())
    }

    /// A client that is not signed in, at that loopback address.
    pub(crate) fn anonymous_at(&self, from: IpAddr) -> Anonymous {
        Anonymous(Client::between(Some(from), self.address))
    }

    /// Seeded student `n`, signed in.
    pub(crate) fn student(&self, n: u32) -> Person {
        self.person(student_id(n), Role::Student)
    }

    /// Seeded mentor `n`, signed in.
    pub(crate) fn mentor(&self, n: u32) -> Person {
        self.person(UserId(dataset::id(RowKind::MentorUser, n)), Role::Mentor)
    }

    /// The first seeded parent, signed in.
    pub(crate) fn parent(&self) -> Person {
        self.person(UserId(dataset::id(RowKind::Parent, 0)), Role::Parent)
    }

    /// The first seeded administrator, signed in.
    pub(crate) fn admin(&self) -> Person {
        self.person(UserId(dataset::id(RowKind::Admin, 0)), Role::Admin)
    }

    /// Anybody, signed in without the detour over a password.
    pub(crate) fn person(&self, id: UserId, role: Role) -> Person {
        let (token, _) = self.state.tokens().issue_access(id, role);
        Person::new(self.client.clone(), id, token)
    }

    /// Sends a webhook as the payment provider does.
    pub(crate) async fn webhook(&self, event: &PaymentEvent) -> Answer {
        let body = serde_json::to_vec(event).unwrap();
        let key = WebhookKey::new(&WEBHOOK_SECRET.to_owned().into());
        let signature = key.sign(&body, self.state.clock().now());
        let request = self.client.request(Method::POST, paths::PAYMENT_WEBHOOK);
        let request = request
            .header(PAYMENT_SIGNATURE, signature)
            .header("content-type", "application/json");
        send(request.body(body)).await
    }

    /// Whoever has the lab token.
    pub(crate) fn lab(&self) -> Lab {
        Lab(self.client.with_header("x-lab-token", LAB_TOKEN))
    }

    /// A second instance beside it.
    pub(crate) async fn sibling(&self) -> Sibling {
        let built = AppServer::build_with(self.config.clone(), Clock::system());
        let app = Box::pin(built).await.unwrap();
        Sibling {
            address: app.address(),
            client: Client::to(app.address()),
            shutdown: app.shutdown(),
            server: tokio::spawn(app.run_until_stopped()),
        }
    }

    /// Waits until so many instances of it hear what the others send to sockets.
    pub(crate) async fn wait_for_listeners(&self, wanted: u64) {
        self.redis.wait_for_listeners(wanted).await;
    }

    /// Waits until as many requests are being worked on for their clients as one of these numbers says.
    pub(crate) async fn wait_for_requests(&self, wanted: impl RangeBounds<u64> + Debug) {
        for _ in 0..6_000 {
            if wanted.contains(&self.state.http().snapshot().in_flight) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{wanted:?} requests should be there by now");
    }

    /// Says that it is to stop.
    pub(crate) fn stop(&self) {
        self.shutdown.stop();
    }

    /// Waits for its end after [`stop`](Self::stop); gives back its database.
    pub(crate) async fn stopped(self) -> TestDb {
        timeout(PATIENCE, self.server)
            .await
            .expect("the application stops in time")
            .unwrap();
        self.db
    }

    /// Stops it and drops its database: the end of a test that passed.
    pub(crate) async fn finish(self) {
        self.stop();
        self.stopped().await.finish().await;
    }
}

async fn permit() -> OwnedSemaphorePermit {
    static PERMITS: Mutex<Option<Arc<Semaphore>>> = Mutex::new(None);
    let permits = Arc::clone(
        PERMITS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| Arc::new(Semaphore::new(LIVE))),
    );
    permits.acquire_owned().await.unwrap()
}
