//! PostgreSQL, PgBouncer and Redis, and for some tests a replica, as `make test` gives them.

use std::{env, sync::Once};

use target_app::{config::LogFormat, telemetry};

/// Where the services are.
pub(crate) struct Services {
    /// A superuser's address of a PostgreSQL server; any database of it.
    pub(crate) database_url: String,
    /// A Redis server whose databases the tests may empty.
    pub(crate) redis_url: String,
    /// A PgBouncer before the server, which serves any database of it.
    pub(crate) pgbouncer_url: String,
    replica_url: Option<String>,
}

impl Services {
    /// A replica of the server. The tests that need one have a server of their own, because the replica of
    /// one on which hundreds of databases are made has a processor's work with them.
    pub(crate) fn replica_url(&self) -> &str {
        let url = self.replica_url.as_deref();
        url.expect("REPLICA_URL is set where a test needs a replica: run `make test`, which starts one for it")
    }
}

/// The services, or one line that says how to get them.
pub(crate) fn services() -> Services {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Built without a provider of its own, the HTTP client panics before its first request.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The applications' log, for whoever asks for it.
        if env::var_os("RUST_LOG").is_some() {
            telemetry::init(LogFormat::Text);
        }
    });
    let given = |name| env::var(name).ok().filter(|text| !text.is_empty());
    let names = ["DATABASE_URL", "REDIS_URL", "PGBOUNCER_URL"];
    match names.map(given) {
        [Some(database_url), Some(redis_url), Some(pgbouncer_url)] => Services {
            database_url,
            redis_url,
            pgbouncer_url,
            replica_url: given("REPLICA_URL"),
        },
        _ => panic!(
            "{} are not all set: run `make test`, which starts the services for the tests",
            names.join(", ")
        ),
    }
}
