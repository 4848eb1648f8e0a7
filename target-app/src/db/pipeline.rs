//! Reads over a few connections that all requests share (`db.driver=pipelined(N)`): a statement is sent without
//! waiting for the answers to those before it.
//!
//! Where many requests read at once, one message carries several statements, and the server and this process wake
//! each other once for all of them. PostgreSQL answers the statements of a connection one after another, so a slow
//! one delays those behind it: only reads of one key belong here. Transactions cannot be here, as the statements of
//! others would become part of them.

use std::{
    collections::HashMap,
    str::FromStr as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use futures_util::future::try_join_all;
use percent_encoding::percent_decode_str;
use shared::profile::{Driver, Profile, Via};
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::sync::Mutex as AsyncMutex;
use tokio_postgres::{
    Client, Config, NoTls, Row, Statement,
    types::{FromSql, ToSql},
};
use tokio_util::task::TaskTracker;

use super::{DbError, connection_failures, counted::Counted, pipeline_error::as_sqlx};
use crate::timing;

/// How many connections a profile has beside its pool.
pub const fn connections(profile: &Profile) -> u32 {
    match profile.db_driver {
        Driver::Pooled => 0,
        Driver::Pipelined(count) => count,
    }
}

/// Why a profile cannot be put in force with the database at `url`: what it asks for needs connections of another
/// kind.
///
/// # Errors
///
/// Where the address cannot be read.
pub fn contradiction(profile: &Profile, url: &str) -> Result<Option<&'static str>, DbError> {
    if connections(profile) == 0 {
        return Ok(None);
    }
    if profile.db_via == Via::Pgbouncer {
        return Ok(Some(
            "db.driver=pipelined(N) needs db.via=direct: in transaction mode PgBouncer gives each statement another \
             connection, which does not know what was prepared",
        ));
    }
    Ok(match PgConnectOptions::from_str(url)?.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => None,
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => Some(
            "db.driver=pipelined(N) connects without TLS, which the sslmode of the database's address asks for: use \
             db.driver=pooled, or sslmode=prefer where the network is your own",
        ),
    })
}

/// The connections; shared by all sessions of an engine.
#[derive(Debug)]
pub struct Pipeline {
    server: Config,
    /// Whether a statement is prepared once for a connection and not for each read.
    caches_statements: bool,
    /// Longest wait for a connection that has to be made first.
    acquire_timeout: Duration,
    places: Box<[ConnectionPlace]>,
    /// The tasks that read and write the connections.
    tasks: TaskTracker,
}

/// A place for one connection, which is made again after it was lost.
#[derive(Debug, Default)]
struct ConnectionPlace {
    current: ArcSwapOption<SharedConnection>,
    /// Held by the one who makes it.
    connecting: AsyncMutex<()>,
    /// Statements that wait for their answers.
    under_way: AtomicU32,
}

#[derive(Debug)]
struct SharedConnection {
    client: Client,
    /// By their text, with when each was prepared.
    statements: Mutex<HashMap<&'static str, (Statement, Instant)>>,
}

impl Pipeline {
    /// Connects to the server of these options; `None` where the profile reads over the pool.
    ///
    /// # Errors
    ///
    /// Where the server does not answer or refuses the connections.
    pub(super) async fn open(
        server: &PgConnectOptions,
        profile: &Profile,
    ) -> Result<Option<Self>, DbError> {
        let count = connections(profile);
        if count == 0 {
            return Ok(None);
        }
        let pipeline = Self {
            server: config(server),
            caches_statements: profile.db_statement_cache.is_on(),
            acquire_timeout: profile.pool_acquire_timeout.duration(),
            places: (0..count).map(|_| ConnectionPlace::default()).collect(),
            tasks: TaskTracker::new(),
        };
        try_join_all(
            pipeline
                .places
                .iter()
                .map(|place| pipeline.connection(place)),
        )
        .await?;
        Ok(Some(pipeline))
    }

    /// The rows of a statement that reads, on the connection with the fewest before it.
    pub async fn fetch(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DbError> {
        let place = self
            .places
            .iter()
            .min_by_key(|place| place.under_way.load(Relaxed))
            .expect("there is one or more");
        let _under_way = Counted::enter(&place.under_way);
        let conn = self.connection(place).await?;
        timing::leased(false, false);
        let rows = conn.fetch(sql, parameters, self.caches_statements);
        Ok(timing::db(rows).await.map_err(as_sqlx)?)
    }

    async fn connection(&self, place: &ConnectionPlace) -> Result<Arc<SharedConnection>, DbError> {
        if let Some(conn) = place.usable() {
            return Ok(conn);
        }
        let begin = Instant::now();
        // Boxed, because the handshake is large, and would be in the future of each read.
        let connect = Box::pin(self.connect(place));
        let made = tokio::time::timeout(self.acquire_timeout, connect).await;
        timing::pool_wait(begin.elapsed());
        made.map_err(|_late| DbError::PoolTimeout)?
    }

    async fn connect(&self, place: &ConnectionPlace) -> Result<Arc<SharedConnection>, DbError> {
        let _alone = place.connecting.lock().await;
        // Made by somebody else meanwhile.
        if let Some(conn) = place.usable() {
            return Ok(conn);
        }
        let (client, connection) = self.server.connect(NoTls).await.map_err(as_sqlx)?;
        if self.tasks.is_closed() {
            return Err(sqlx::Error::PoolClosed.into());
        }
        self.tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::info!(%error, "a pipelined connection was lost");
            }
        });
        let conn = Arc::new(SharedConnection {
            client,
            statements: Mutex::default(),
        });
        place.current.store(Some(Arc::clone(&conn)));
        Ok(conn)
    }

    /// What it is, as the switch has it.
    pub(super) fn driver(&self) -> Driver {
        Driver::Pipelined(u32::try_from(self.places.len()).unwrap_or(u32::MAX))
    }

    /// Closes the connections; returns when the reads that are under way have their answers.
    pub(super) async fn close(&self) {
        self.tasks.close();
        for place in &self.places {
            // After whoever makes one.
            let _alone = place.connecting.lock().await;
            place.current.store(None);
        }
        self.tasks.wait().await;
    }
}

impl ConnectionPlace {
    fn usable(&self) -> Option<Arc<SharedConnection>> {
        self.current
            .load_full()
            .filter(|conn| !conn.client.is_closed())
    }
}

impl SharedConnection {
    async fn fetch(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
        caches: bool,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let known = self.lock().get(sql).cloned();
        let statement = match known {
            Some((statement, at))
                if !connection_failures::may_have_stale_statements(at.elapsed()) =>
            {
                statement
            }
            _ => {
                let statement = self.client.prepare(sql).await?;
                if caches {
                    let prepared = (statement.clone(), Instant::now());
                    self.lock().insert(sql, prepared);
                }
                statement
            }
        };
        self.client.query(&statement, parameters).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, (Statement, Instant)>> {
        // No code that can panic runs under this lock, so the map is whole even then.
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A column of a row.
///
/// # Errors
///
/// Where there is none of that name, or its type is another one.
pub fn column<'r, T: FromSql<'r>>(row: &'r Row, name: &str) -> Result<T, DbError> {
    Ok(row.try_get(name).map_err(as_sqlx)?)
}

/// Where and as whom sqlx would connect, and with which settings.
fn config(server: &PgConnectOptions) -> Config {
    let mut config = Config::new();
    config
        .user(server.get_username())
        .application_name(server.get_application_name().unwrap_or("target-app"))
        .port(server.get_port());
    match server.get_socket() {
        Some(folder) => config.host_path(folder),
        None => config.host(server.get_host()),
    };
    if let Some(database) = server.get_database() {
        config.dbname(database);
    }
    if let Some(settings) = server.get_options() {
        config.options(settings);
    }
    // The options give it only as part of an address, in which no host is a path.
    let address = server.clone().host("localhost").to_url_lossy();
    if let Some(password) = address.password() {
        config.password(percent_decode_str(password).collect::<Vec<u8>>());
    }
    config
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn profile(settings: &[&str]) -> Profile {
        let mut profile = Profile::after();
        for setting in settings {
            let (path, value) = setting.split_once('=').unwrap();
            profile.set(path, value).unwrap();
        }
        profile
    }

    #[test]
    fn what_needs_connections_of_another_kind_is_refused_with_what_would_do() {
        let plain = "postgres://app@127.0.0.1/app";
        let (pooled, pipelined) = ("db.driver=pooled", "db.driver=pipelined(4)");
        for (settings, url, named) in [
            (&[pooled, "db.via=pgbouncer"][..], plain, None),
            (&[pooled], "postgres://app@db/app?sslmode=verify-full", None),
            (&[pipelined], plain, None),
            (&[pipelined], "postgres://app@db/app?sslmode=prefer", None),
            (
                &[pipelined, "db.via=pgbouncer"],
                plain,
                Some("db.via=direct"),
            ),
            (
                &[pipelined],
                "postgres://app@db/app?sslmode=require",
                Some("sslmode=prefer"),
            ),
            (
                &[pipelined],
                "postgres://app@db/app?sslmode=verify-ca",
                Some("db.driver=pooled"),
            ),
            (
                &[pipelined],
                "postgres://app@db/app?sslmode=verify-full",
                Some("TLS"),
            ),
        ] {
            let why = contradiction(&profile(settings), url).unwrap();
            let names = |named: &str| why.is_some_and(|why| why.contains(named));
            assert!(
                named.map_or(why.is_none(), names),
                "{settings:?} {url}: {why:?}"
            );
        }
    }

    #[test]
    fn it_connects_as_sqlx_would() {
        let server =
            PgConnectOptions::from_str("postgres://ann%40x:p%3A%2Fw@db.example:6543/main").unwrap();
        let server = server
            .application_name("target-app")
            .options([("statement_timeout", "5000")]);
        let found = config(&server);
        assert_eq!(found.get_user(), Some("ann@x"));
        assert_eq!(found.get_password(), Some(&b"p:/w"[..]));
        assert_eq!(found.get_dbname(), Some("main"));
        assert_eq!(found.get_hosts(), [Host::Tcp("db.example".to_owned())]);
        assert_eq!(found.get_ports(), [6543]);
        assert_eq!(found.get_application_name(), Some("target-app"));
        assert_eq!(found.get_options(), Some("-c statement_timeout=5000"));
        for folder in [
            "postgres:///main?host=/run/postgres",
            "postgres://%2Frun%2Fpostgres/main",
        ] {
            let found = config(&PgConnectOptions::from_str(folder).unwrap());
            assert_eq!(
                found.get_hosts(),
                [Host::Unix("/run/postgres".into())],
                "{folder}"
            );
        }
    }
}
