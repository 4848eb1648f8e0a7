//! A database for each test: a copy of a template that is migrated and seeded once a process.
//!
//! The copy is dropped when its test has passed; one of a failed test stays to be looked at.
//! The template stays too: `make test` throws the whole server away.

use std::{
    net::SocketAddr,
    process,
    str::FromStr as _,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use shared::{dataset::Scale, ids::SlotId, profile::Profile};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use target_app::{
    db, features,
    seed::{self, ExistingData, SeedOptions, credentials},
};
use tokio::sync::OnceCell;

use super::{Proxy, app::test_profile, media_dir, services};

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database of one test.
pub(crate) struct TestDb {
    name: String,
    url: String,
    pool: PgPool,
}

impl TestDb {
    /// A copy of the seeded template.
    pub(crate) async fn seeded() -> Self {
        let template = TEMPLATE.get_or_init(make_template).await;
        Self::make(&format!("template {template}")).await
    }

    /// A seeded database, with its copy, whose locale is not the server's own.
    pub(crate) async fn seeded_with_other_locale() -> Self {
        let usual = query("select datcollate::text from pg_database where datname = 'template0'");
        let locale = match usual.await.as_str() {
            "C" => "C.UTF-8",
            _ => "C",
        };
        let db = Self::make(&format!(
            "template template0 encoding 'UTF8' locale '{locale}'"
        ))
        .await;
        seed_tiny(&db.url).await;
        db
    }

    /// A database without tables.
    pub(crate) async fn empty() -> Self {
        Self::make("").await
    }

    async fn make(from: &str) -> Self {
        let name = format!("cc_it_{}_{}", process::id(), NUMBER.fetch_add(1, Relaxed));
        run(&format!("create database {name} {from}")).await;
        let url = url_of(&name);
        let pool = lazy(&url);
        Self { name, url, pool }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it is by a way of [`Proxy::to_primary`].
    pub(crate) fn url_by(&self, way: &Proxy) -> String {
        at_address(&self.url, way.address())
    }

    /// The test's own way to it, past the application.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs a statement past the application.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    /// One number past the application.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// How many bookings a slot has had, past the application.
    pub(crate) async fn bookings_of(&self, slot: SlotId) -> i64 {
        let sql = format!("select count(*) from booking where slot_id = '{slot}'");
        self.count(&sql).await
    }

    /// One text past the application, over a new connection.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let options = PgConnectOptions::from_str(&self.url).unwrap();
        let mut conn = options.connect().await.unwrap();
        let sql = AssertSqlSafe(sql.to_owned());
        let text = sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        text
    }

    /// Ends every connection of an application to it, as a restart does; returns how many there were.
    pub(crate) async fn end_connections(&self) -> usize {
        let mut conn = db::database::maintenance(self.url()).await.unwrap();
        let ended: Vec<bool> = sqlx::query_scalar(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = $1 and application_name = 'target-app'",
        )
        .bind(self.name())
        .fetch_all(&mut conn)
        .await
        .unwrap();
        ended.len()
    }

    /// Waits until so many statements of the application wait for a lock.
    pub(crate) async fn wait_for_blocked(&self, wanted: i64) {
        for _ in 0..6_000 {
            let blocked = self
                .count(
                    "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'",
                )
                .await;
            if blocked >= wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{wanted} statements should wait for a lock by now");
    }

    /// Waits until no transaction is left open by a client that does nothing in it.
    pub(crate) async fn wait_for_no_transaction(&self) {
        for _ in 0..6_000 {
            let open = self
                .count(
                    "select count(*) from pg_stat_activity
                     where datname = current_database() and state like 'idle in transaction%'",
                )
                .await;
            if open == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no transaction should be open by now");
    }

    /// Waits until no backend but one's own is left, each of which reports what it counted at its end.
    pub(crate) async fn wait_for_solitude(&self) {
        for _ in 0..6_000 {
            let others = self
                .count(
                    "select count(*) from pg_stat_activity
                     where datname = current_database() and pid <> pg_backend_pid()",
                )
                .await;
            if others == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the application's connections should be gone by now");
    }

    /// The same with the test's own connections closed, so that it can be copied.
    pub(crate) async fn quiet(self) -> Self {
        self.pool.close().await;
        let pool = lazy(&self.url);
        Self { pool, ..self }
    }

    /// Drops it, and the copies that a reset knows.
    pub(crate) async fn finish(self) {
        self.pool.close().await;
        let mut conn = server().await;
        for suffix in ["", "_seed", "_restored"] {
            // Each by itself: together they were a transaction, in which no database can be dropped.
            let sql = format!("drop database if exists {}{suffix} with (force)", self.name);
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut conn)
                .await
                .unwrap();
        }
        conn.close().await.unwrap();
    }
}

/// Migrated, seeded, and already as the tests' profile wants it, so that no test pays for that.
async fn make_template() -> String {
    let name = format!("cc_it_{}_template", process::id());
    run(&format!("drop database if exists {name}_seed with (force)")).await;
    run(&format!("drop database if exists {name} with (force)")).await;
    run(&format!("create database {name}")).await;
    let url = url_of(&name);
    seed_tiny(&url).await;
    run(&format!("drop database {name}_seed")).await;
    let profile: Profile = test_profile(&[]);
    let pool = db::connect(&url).await.unwrap();
    db::optimizations::apply(&pool, &profile).await.unwrap();
    credentials::match_scheme(&pool, profile.auth_hash)
        .await
        .unwrap();
    sqlx::raw_sql("vacuum (analyze)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    name
}

/// Fills a database, and makes the copy that a reset goes back to.
async fn seed_tiny(url: &str) {
    let options = SeedOptions {
        scale: Scale::Tiny,
        seed: 1,
        anchor: None,
        present: ExistingData::Refuse,
        media_dir: media_dir(),
    };
    let tables = &features::registry().tables;
    seed::run(url, options, tables).await.unwrap();
}

fn lazy(url: &str) -> PgPool {
    PgPoolOptions::new()
        .max_connections(2)
        .connect_lazy(url)
        .expect("the address was read before")
}

/// Address of another database of the same server.
fn url_of(database: &str) -> String {
    at_database(&services().database_url, database)
}

/// The same address with another database.
pub(super) fn at_database(url: &str, database: &str) -> String {
    PgConnectOptions::from_str(url)
        .expect("it is an address of PostgreSQL")
        .database(database)
        .to_url_lossy()
        .to_string()
}

/// The same database by another way.
pub(super) fn at_address(url: &str, address: SocketAddr) -> String {
    PgConnectOptions::from_str(url)
        .expect("it is an address of PostgreSQL")
        .host(&address.ip().to_string())
        .port(address.port())
        .to_url_lossy()
        .to_string()
}

/// A statement over the server rather than over one database.
async fn run(sql: &str) {
    let mut conn = server().await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
}

/// One text of the server.
async fn query(sql: &'static str) -> String {
    let mut conn = server().await;
    let text = sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    text
}

/// A connection that belongs to no test's database.
async fn server() -> PgConnection {
    let options = PgConnectOptions::from_str(&services().database_url)
        .expect("DATABASE_URL is an address of PostgreSQL");
    let mut conn = options
        .connect()
        .await
        .expect("the PostgreSQL of DATABASE_URL answers");
    sqlx::raw_sql("set client_min_messages = 'warning'")
        .execute(&mut conn)
        .await
        .unwrap();
    conn
}
