//! PgBouncer, where one is configured: what it is asked over its admin console, and how the pool's
//! connections go through it.
//!
//! In transaction mode each transaction may run on another server connection. So every statement of a
//! request runs inside of a transaction, and settings are made for that transaction alone.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use shared::{
    profile::{OnOff, Profile},
    snapshot::PoolerSnapshot,
};
use sqlx::{
    ConnectOptions as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow, PgValueRef},
};

use super::{DbError, Isolation, database, settings};

/// Database under which PgBouncer answers questions about itself.
const CONSOLE: &str = "pgbouncer";
/// Removes what other clients have prepared on the server connection.
const DROP_STATEMENTS: &str = "; deallocate all";
/// Longest wait for the console.
const CONSOLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where PgBouncer is. Clones share nothing that is open.
#[derive(Clone)]
pub struct Pooler {
    options: PgConnectOptions,
    database: String,
}

impl fmt::Debug for Pooler {
    /// The address contains a password and is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooler")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// The settings of PgBouncer that decide what can go through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolerSettings {
    /// `PgBouncer 1.18.0`.
    pub version: String,
    /// When a server connection is given to another client: `transaction` is needed.
    pub pool_mode: String,
    /// Most client connections.
    pub max_client_conn: u32,
    /// Prepared statements that it keeps track of for each connection; 0 where it knows none.
    pub max_prepared_statements: u32,
}

impl Pooler {
    /// The pooler at an address that has to mean the same database as `direct`, the address of the
    /// server behind it.
    pub fn before(direct: &str, url: &str) -> Result<Self, String> {
        let name = |url| database::name(url).map_err(|error| error.to_string());
        let (served, named) = (name(direct)?, name(url)?);
        if served != named {
            return Err(format!(
                "the address of PgBouncer means database {named}, that of PostgreSQL {served}: both must be the same"
            ));
        }
        // Of the driver's startup parameters this one is unknown to PgBouncer, and not needed since
        // PostgreSQL 12.
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| error.to_string())?
            .extra_float_digits(None)
            .disable_statement_logging();
        Ok(Self {
            options,
            database: named,
        })
    }

    /// How the connections of the pool are opened.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// A connection to its admin console.
    pub async fn console(&self) -> Result<PoolerConsole, DbError> {
        let options = self.options.clone().database(CONSOLE);
        let opened = tokio::time::timeout(CONSOLE_TIMEOUT, options.connect());
        let conn = opened.await.map_err(|_| silent())??;
        Ok(PoolerConsole {
            conn,
            database: self.database.clone(),
        })
    }
}

/// A connection to the admin console of PgBouncer, which speaks the simple protocol only.
pub struct PoolerConsole {
    conn: PgConnection,
    /// The database whose clients and servers count.
    database: String,
}

impl PoolerConsole {
    /// What can go through it.
    pub async fn settings(&mut self) -> Result<PoolerSettings, DbError> {
        let version = self.ask("show version").await?;
        let version = version.first().map(|row| text(row, "version"));
        let rows = self.ask("show config").await?;
        let config: BTreeMap<String, String> = rows
            .iter()
            .map(|row| (text(row, "key"), text(row, "value")))
            .collect();
        let number = |key: &str| config.get(key).and_then(|value| value.parse().ok());
        Ok(PoolerSettings {
            version: version.unwrap_or_default(),
            pool_mode: config.get("pool_mode").cloned().unwrap_or_default(),
            max_client_conn: number("max_client_conn").unwrap_or(0),
            // Absent before PgBouncer 1.21.
            max_prepared_statements: number("max_prepared_statements").unwrap_or(0),
        })
    }

    /// Whether a backend of PostgreSQL serves it.
    pub async fn has_backend(&mut self, pid: i32) -> Result<bool, DbError> {
        let servers = self.ask("show servers").await?;
        let pid = pid.to_string();
        Ok(servers.iter().any(|row| text(row, "remote_pid") == pid))
    }

    /// Clients and servers as of now.
    pub async fn snapshot(&mut self) -> Result<PoolerSnapshot, DbError> {
        let mut snapshot = PoolerSnapshot::default();
        for row in self.rows_of_database("show pools").await? {
            let count = |name: &str| number(&row, name) as u32;
            snapshot.clients_active += count("cl_active");
            snapshot.clients_waiting += count("cl_waiting");
            snapshot.servers_active += count("sv_active");
            snapshot.servers += ["sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"]
                .into_iter()
                .map(count)
                .sum::<u32>();
            let waited = number(&row, "maxwait") * 1_000_000 + number(&row, "maxwait_us");
            snapshot.longest_wait_us = snapshot.longest_wait_us.max(waited);
        }
        for row in self.rows_of_database("show stats").await? {
            snapshot.transactions += number(&row, "total_xact_count");
            snapshot.wait_us += number(&row, "total_wait_time");
        }
        Ok(snapshot)
    }

    async fn rows_of_database(&mut self, question: &'static str) -> Result<Vec<PgRow>, DbError> {
        let mut rows = self.ask(question).await?;
        rows.retain(|row| text(row, "database") == self.database);
        Ok(rows)
    }

    async fn ask(&mut self, question: &'static str) -> Result<Vec<PgRow>, DbError> {
        let asked = sqlx::raw_sql(question).fetch_all(&mut self.conn);
        let rows = tokio::time::timeout(CONSOLE_TIMEOUT, asked).await;
        Ok(rows.map_err(|_| silent())??)
    }
}

fn silent() -> DbError {
    DbError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
}

/// A column as text, which all columns of the console are; empty where it is absent.
fn text(row: &PgRow, column: &str) -> String {
    let value: Result<PgValueRef<'_>, _> = row.try_get_raw(column);
    let text = value.ok().and_then(|value| value.as_str().ok());
    text.unwrap_or_default().to_owned()
}

fn number(row: &PgRow, column: &str) -> u64 {
    text(row, column).parse().unwrap_or(0)
}

impl PoolerSettings {
    /// Why this profile cannot go through it, if it cannot.
    pub fn refuses(&self, profile: &Profile) -> Option<String> {
        let version = &self.version;
        if self.pool_mode != "transaction" {
            return Some(format!(
                "db.via=pgbouncer needs pool_mode=transaction, but {version} has {}",
                self.pool_mode
            ));
        }
        if profile.db_statement_cache == OnOff::On && self.max_prepared_statements == 0 {
            return Some(format!(
                "db.via=pgbouncer needs db.statement_cache=off here: {version} keeps no prepared statements in \
                 transaction mode (PgBouncer 1.21 or newer does, with max_prepared_statements)"
            ));
        }
        (self.max_client_conn < profile.pool_max.get()).then(|| {
            format!(
                "pool.max={} needs max_client_conn >= {0} of PgBouncer, which has {}; lower pool.max or raise it",
                profile.pool_max, self.max_client_conn
            )
        })
    }
}

/// How transactions begin on the pool's connections.
#[derive(Debug, Clone)]
pub(super) struct TransactionStart {
    /// Statements that follow `begin`, each after a semicolon.
    within: String,
    /// What a lease for reading begins with; `None` where its statements need no transaction.
    read: Option<Arc<str>>,
}

impl TransactionStart {
    /// On connections of their own: settings are made when those are opened.
    pub(super) const fn direct() -> Self {
        Self {
            within: String::new(),
            read: None,
        }
    }

    /// Through PgBouncer: settings are made in each transaction. All of it is one message, so one
    /// round trip.
    pub(super) fn pooled(profile: &Profile, pooler: &PoolerSettings) -> Self {
        let mut within = String::new();
        if pooler.max_prepared_statements == 0 {
            // The driver names each statement, and the names of another client's may still be there.
            within.push_str(DROP_STATEMENTS);
        }
        for (name, value) in settings::requested(profile) {
            // Writing to a String cannot fail.
            let _infallible = write!(within, "; set local {name} = '{value}'");
        }
        let read = format!("begin read only{within}").into();
        Self {
            within,
            read: Some(read),
        }
    }

    /// Whether each transaction drops the prepared statements of those before it.
    pub(super) fn drops_statements(&self) -> bool {
        self.within.starts_with(DROP_STATEMENTS)
    }

    /// The statements with which a transaction begins.
    pub(super) fn begin(&self, isolation: Isolation) -> String {
        format!("{}{}", isolation.begin(), self.within)
    }

    /// Those of a lease for reading.
    pub(super) const fn read(&self) -> Option<&Arc<str>> {
        self.read.as_ref()
    }

    /// Those of a lease for writing; `None` where its statement is a transaction by itself.
    pub(super) fn write(&self) -> Option<Arc<str>> {
        self.read
            .is_some()
            .then(|| self.begin(Isolation::ReadCommitted).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings_of(max_prepared_statements: u32) -> PoolerSettings {
        PoolerSettings {
            version: "PgBouncer 1.18.0".to_owned(),
            pool_mode: "transaction".to_owned(),
            max_client_conn: 100,
            max_prepared_statements,
        }
    }

    fn profile(settings: &[&str]) -> Profile {
        let mut profile = Profile::after();
        for setting in settings {
            profile.apply(setting).unwrap();
        }
        profile
    }

    #[test]
    fn what_cannot_go_through_is_refused_with_the_way_out() {
        let fits = profile(&["pool.max=100", "db.statement_cache=off"]);
        assert_eq!(settings_of(0).refuses(&fits), None);
        let named = profile(&["pool.max=100"]);
        assert_eq!(settings_of(200).refuses(&named), None);
        let refusal = settings_of(0).refuses(&named).unwrap();
        assert!(refusal.contains("db.statement_cache=off"), "{refusal}");
        let large = profile(&["pool.max=101", "db.statement_cache=off"]);
        let refusal = settings_of(0).refuses(&large).unwrap();
        assert!(refusal.contains("max_client_conn >= 101"), "{refusal}");
        let session = PoolerSettings {
            pool_mode: "session".to_owned(),
            ..settings_of(200)
        };
        let refusal = session.refuses(&fits).unwrap();
        assert!(refusal.contains("has session"), "{refusal}");
    }

    #[test]
    fn settings_are_made_for_one_transaction_and_never_for_the_session() {
        let profile = profile(&["db.statement_timeout=7s"]);
        for kept in [0, 200] {
            let start = TransactionStart::pooled(&profile, &settings_of(kept));
            let begin = start.begin(Isolation::Serializable);
            assert!(begin.starts_with("begin isolation level serializable; "));
            assert_eq!(begin.contains("deallocate all"), kept == 0);
            assert!(begin.contains("; set local statement_timeout = '7000'"));
            let sets = begin.split("; ").filter(|one| one.starts_with("set"));
            assert!(sets.clone().count() >= 3);
            assert!(sets.into_iter().all(|one| one.starts_with("set local ")));
        }
        let direct = TransactionStart::direct();
        assert_eq!(direct.begin(Isolation::ReadCommitted), "begin");
        assert!(direct.read().is_none() && direct.write().is_none());
    }

    #[test]
    fn two_addresses_of_different_databases_are_refused() {
        let direct = "postgres://me@127.0.0.1:5432/one";
        assert!(Pooler::before(direct, "postgres://me@127.0.0.1:6432/one").is_ok());
        let refusal = Pooler::before(direct, "postgres://me@127.0.0.1:6432/two").unwrap_err();
        assert!(refusal.contains("two") && refusal.contains("one"));
    }

    #[test]
    fn an_address_with_a_password_is_not_shown() {
        let direct = "postgres://me:hidden@127.0.0.1:5432/one";
        let pooler = Pooler::before(direct, direct).unwrap();
        assert!(!format!("{pooler:?}").contains("hidden"));
    }
}
