//! A PostgreSQL database that was seeded by the reference backend.

use std::{
    fmt,
    str::FromStr as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use shared::{
    address,
    dataset::{Counts, Scale},
    row_security::{STATE, reading},
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use loadgen_engine::suite::load::MAX_TIMEOUT;

/// Longest wait for a connection that is no part of the load.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a connection of the pool: the timeout of a query, however long it may be, ends it before.
const ACQUIRE_LIMIT: Duration = Duration::from_millis(2 * MAX_TIMEOUT.0);
/// Longest wait for the removal of what a load has left.
const REMOVE_LIMIT: Duration = Duration::from_mins(1);
/// Pause before what was left is looked for again: the server may still be at the last statement of
/// a client that is gone.
const SETTLING: Duration = Duration::from_millis(200);

/// Why a database cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SeededDatabaseError {
    /// The address cannot be used.
    #[error("{0}")]
    Address(String),
    /// It does not answer.
    #[error("the database at {place} cannot be reached: {why}")]
    Unreachable {
        /// Host, port and name.
        place: String,
        /// What the driver said.
        why: String,
    },
    /// It holds other data.
    #[error(
        "the database at {0} was not seeded by target-app: this load writes, so it is refused; run `target-app seed` there first, or leave out --db for an own stack"
    )]
    NotSeeded(String),
    /// Row-level security is there in part.
    #[error(
        "row-level security is in force on some tables of {0} only: start target-app with db.rls=on there"
    )]
    Partial(String),
}

/// A seeded database, and how it is connected to.
#[derive(Clone)]
pub struct DatabaseTarget {
    options: PgConnectOptions,
    place: String,
    scale: Scale,
    digest: String,
    row_security: &'static str,
    version: String,
    /// Connections that the users share; without, each has its own.
    pool: Option<u32>,
    /// Made at its first use, on the thread that sends.
    opened: Arc<OnceLock<PgPool>>,
    /// Marks the rows of this load.
    tag: String,
}

impl fmt::Debug for DatabaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseTarget")
            .field("place", &self.place)
            .field("row_security", &self.row_security)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl DatabaseTarget {
    /// Reads an address.
    pub fn options(url: &str) -> Result<PgConnectOptions, SeededDatabaseError> {
        let url = address::postgres(url).map_err(SeededDatabaseError::Address)?;
        let options = PgConnectOptions::from_str(&url).map_err(|error| {
            SeededDatabaseError::Address(format!(
                "the address of the database cannot be used: {error}; write it like postgres://me@127.0.0.1/codeconnect"
            ))
        })?;
        Ok(options
            .application_name("loadgen")
            .disable_statement_logging())
    }

    /// Connects once and looks what is there. `nonce` marks the rows of this load.
    pub async fn open(
        options: PgConnectOptions,
        pool: Option<u32>,
        nonce: u64,
    ) -> Result<Self, SeededDatabaseError> {
        let place = place(&options);
        let unreachable = |why: String| SeededDatabaseError::Unreachable {
            place: place.clone(),
            why,
        };
        let looking = async {
            let mut conn = options.connect().await?;
            let seeded: bool = sqlx::query_scalar("select to_regclass('dataset') is not null")
                .fetch_one(&mut conn)
                .await?;
            let dataset: Option<(String, String)> = if seeded {
                sqlx::query_as("select scale, digest from dataset")
                    .fetch_optional(&mut conn)
                    .await?
            } else {
                None
            };
            let state: (i64, i64, i64) = sqlx::query_as(STATE).fetch_one(&mut conn).await?;
            let version: String = sqlx::query_scalar("select current_setting('server_version')")
                .fetch_one(&mut conn)
                .await?;
            conn.close().await?;
            Ok::<_, sqlx::Error>((dataset, state, version))
        };
        let (dataset, (enforced, policies, unindexed), version) =
            match tokio::time::timeout(CONNECT_LIMIT, looking).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => return Err(unreachable(error.to_string())),
                Err(_elapsed) => return Err(unreachable("no answer in 10 s".to_owned())),
            };
        let seeded = dataset.and_then(|(scale, digest)| Some((scale.parse().ok()?, digest)));
        let Some((scale, digest)) = seeded else {
            return Err(SeededDatabaseError::NotSeeded(place));
        };
        let row_security = reading(enforced, policies, unindexed);
        if row_security == "partial" {
            return Err(SeededDatabaseError::Partial(place));
        }
        Ok(Self {
            options,
            place,
            scale,
            digest,
            row_security,
            version,
            pool,
            opened: Arc::default(),
            tag: format!("load_test:{nonce:016x}"),
        })
    }

    /// How many rows of each kind it holds.
    pub const fn counts(&self) -> Counts {
        self.scale.counts()
    }

    /// Digest of its seeded data.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The value of `db.rls` that is in force.
    pub const fn row_security(&self) -> &'static str {
        self.row_security
    }

    /// Whether statements run under policies.
    pub fn is_secured(&self) -> bool {
        self.row_security != "off"
    }

    /// What it is, for people: `(name, value)`. No password is among it.
    pub fn description(&self) -> Vec<(String, String)> {
        let connections = self.pool.map_or_else(
            || "one for each worker".to_owned(),
            |size| format!("a pool of {size}"),
        );
        [
            ("database", self.place.clone()),
            ("PostgreSQL version", self.version.clone()),
            ("data", self.scale.as_str().to_owned()),
            ("row-level security", self.row_security.to_owned()),
            ("connections", connections),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The text that marks the rows of this load.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The pool, where the users share one. It must be used on one thread only.
    pub(super) fn pool(&self) -> Option<&PgPool> {
        let size = self.pool?;
        Some(self.opened.get_or_init(|| {
            PgPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(ACQUIRE_LIMIT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .connect_lazy_with(self.options.clone())
        }))
    }

    /// A connection of its own.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.options.connect().await
    }

    /// Removes the rows of this load; why not where it fails.
    pub async fn remove_rows(&self) -> Result<(), String> {
        let removing = async {
            let mut conn = self.connect().await?;
            for _ in 0..2 {
                sqlx::query("delete from booking_conflict where reason = $1")
                    .bind(&self.tag)
                    .execute(&mut conn)
                    .await?;
                tokio::time::sleep(SETTLING).await;
            }
            let left: i64 =
                sqlx::query_scalar("select count(*) from booking_conflict where reason = $1")
                    .bind(&self.tag)
                    .fetch_one(&mut conn)
                    .await?;
            conn.close().await?;
            Ok::<_, sqlx::Error>(left)
        };
        let why = match tokio::time::timeout(REMOVE_LIMIT, removing).await {
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(left)) => format!("{left} were written meanwhile"),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "the database did not answer in 60 s".to_owned(),
        };
        Err(format!(
            "rows of this load are left in booking_conflict ({why}): delete from booking_conflict where reason = '{}'",
            self.tag
        ))
    }
}

/// Host, port and name of a database.
fn place(options: &PgConnectOptions) -> String {
    let name = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{name}", socket.display()),
        None => format!("{}:{}/{name}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let options = DatabaseTarget::options("postgres://me:hush@localhost:5433/db").unwrap();
        assert_eq!(place(&options), "localhost:5433/db");
        for (wrong, why) in [
            ("mysql://localhost/db", "does not begin with postgres://"),
            ("postgres://me:hush/x@localhost/db", "encoded: `/` as %2F"),
            ("postgres://me:hush@localhost:x/db", "cannot be used"),
        ] {
            let said = DatabaseTarget::options(wrong).unwrap_err().to_string();
            assert!(said.contains(why) && !said.contains("hush"), "{said}");
        }
    }

    #[test]
    fn an_address_without_a_host_names_a_socket() {
        let options = DatabaseTarget::options("postgres://me:hush@/db?host=/run/x").unwrap();
        assert_eq!(place(&options), "/run/x/db");
    }

    #[tokio::test]
    async fn no_pool_ends_a_wait_before_the_longest_timeout_of_a_query_does() {
        let options = DatabaseTarget::options("postgres://me@127.0.0.1:1/db").unwrap();
        let target = DatabaseTarget {
            place: place(&options),
            options,
            scale: Scale::Tiny,
            digest: String::new(),
            row_security: "off",
            version: String::new(),
            pool: Some(1),
            opened: Arc::default(),
            tag: String::new(),
        };
        let limit = target.pool().unwrap().options().get_acquire_timeout();
        assert!(limit > MAX_TIMEOUT.duration(), "{limit:?}");
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_is_named_in_one_line() {
        let options = DatabaseTarget::options("postgres://me:hush@127.0.0.1:1/db").unwrap();
        let error = DatabaseTarget::open(options, None, 1).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("127.0.0.1:1/db"), "{text}");
        assert!(
            !text.contains("hush") && text.lines().count() == 1,
            "{text}"
        );
    }
}
